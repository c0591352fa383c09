/** PacketCaptures of valid shape with odd values, the same for the same seed. Pure. */
import type { Random } from "../helpers/seeded-random.ts";

export interface FuzzedCapture {
  name: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  spec: Record<string, unknown>;
}

/** What there is to capture on. */
export interface FuzzedPlace {
  node: string;
  interfaceName: string;
  namespace: string;
  pods: readonly string[];
}

const LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789";
const ODD_TEXTS = [
  "",
  " ",
  "\n",
  "\t\r\n",
  "\u0000",
  "é",
  "日本語",
  "مرحبا",
  "👩‍👩‍👧‍👦",
  "\ud800",
  "\ufeff",
  "\u202e",
  "$(reboot)",
  "`id`",
  "'; rm -rf / #",
  "%s%n%x",
  "../../etc/passwd",
  "null",
  "{}",
  "-w",
  "\\",
  '"',
];
const FILTERS = [
  "udp",
  "tcp port 443",
  "icmp and host 192.168.1.10",
  "ip6 or arp",
  "vlan 42",
  "not (udp or tcp)",
  "port 70000",
  "host 300.1.1.1",
  "host no.such.name.invalid",
  "foo bar",
  "((((((((",
  "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
  "ether[0:4] = 0xffffffff",
  "len < -1",
  "inbound and outbound",
  "ifname near0",
  "portrange 1-65535",
  "ip protochain 6",
];
const INTERFACES = [
  "any",
  "lo",
  "eth77",
  ".x",
  "a".repeat(15),
  "a".repeat(16),
  "%s",
  "$(x)",
  "-i",
  ".",
  "..",
  "usbmon0",
  "nflog",
  "bluetooth0",
  "dbus-system",
  "near0@if2",
  "NEAR0",
];
const NUMBERS = [
  0,
  1,
  2,
  -1,
  1.5,
  600,
  65_536,
  9_999_999,
  10_000_000,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e21,
  "0",
  "1",
  "600",
  "0600",
  "+1",
  " 1",
  "1e3",
  "0x10",
  "１０",
  "9999999",
  "99999999999999999999",
  "",
  "NaN",
  true,
  null,
];
const SIZES = [
  "64Ki",
  "65535",
  65_536,
  "1M",
  "1.5M",
  "100M",
  "1Ti",
  "2Ti",
  "0.5G",
  "1e9",
  "100m",
  "9223372036854775807",
  "9223372036854775808",
  "-1M",
  ".5Gi",
  "1.",
  "1 M",
  "1k",
  "999999999999999999999999E",
];

function label(random: Random, longest: number): string {
  const length = 1 + random.below(longest);
  const inner = Array.from({ length }, () => random.pick([...LETTERS, "-"])).join("");
  return inner.replace(/^-/, "a").replace(/-$/, "z");
}

/** Of 1 to `longest` characters, with dots. Unique by `index`, which it begins with. */
function subdomain(random: Random, index: number, longest: number): string {
  const labels = [String(index)];
  while (random.onceIn(2)) labels.push(label(random, 40));
  const name = labels.join(".");
  const padded = random.onceIn(4) ? name.padEnd(longest, ".0123456789") : name;
  return padded.slice(0, longest).replace(/[.-]+$/, "");
}

function filter(random: Random): string {
  const kind = random.below(6);
  if (kind === 0) return random.pick(ODD_TEXTS);
  if (kind === 1) return `${random.pick(FILTERS)}${random.pick(ODD_TEXTS)}`;
  if (kind === 2) return "(".repeat(1 + random.below(4000));
  if (kind === 3)
    return Array.from({ length: 1 + random.below(200) }, (_, i) => `host 10.0.0.${i}`).join(" or ");
  if (kind === 4) return "x".repeat(4090 + random.below(8));
  return random.pick(FILTERS);
}

function target(
  random: Random,
  { node, interfaceName, namespace, pods }: FuzzedPlace,
): Record<string, unknown> {
  const targetInterface = random.onceIn(2) ? interfaceName : random.pick([...INTERFACES, ...ODD_TEXTS]);
  const kind = random.below(8);
  if (kind === 0) return { targetNode: subdomain(random, 0, 253), targetInterface };
  if (kind === 1) return { targetNamespace: namespace, targetPod: random.pick(pods) };
  if (kind === 2)
    return { targetNamespace: label(random, 63), targetPod: subdomain(random, 1, 253), targetInterface };
  if (kind === 3) return { targetNamespace: namespace, targetPod: random.pick(ODD_TEXTS) };
  return { targetNode: node, targetInterface };
}

const ODD_FIELDS: Record<string, (random: Random) => unknown> = {
  captureSeconds: (random) => random.pick(NUMBERS),
  captureFilter: filter,
  maxFileSize: (random) => random.pick([...SIZES, ...NUMBERS]),
  fileCount: (random) => random.pick([...NUMBERS, 99_999, 100_000]),
  packetCount: (random) => random.pick([...NUMBERS, 999_999_999_999_999]),
  snapLength: (random) => random.pick([...NUMBERS, 262_144, 262_145]),
  promiscuous: (random) => random.pick([true, false, "yes"]),
  stop: (random) => random.onceIn(4),
};

/** Small files, so that many fit; some fields odd, most often one or two. */
export function fuzzedCapture(random: Random, index: number, place: FuzzedPlace): FuzzedCapture {
  const spec: Record<string, unknown> = { maxFileSize: "1M", fileCount: 2, ...target(random, place) };
  while (!random.onceIn(3)) {
    const field = random.pick(Object.keys(ODD_FIELDS));
    spec[field] = ODD_FIELDS[field]?.(random);
  }
  if (random.onceIn(50)) spec[label(random, 20)] = random.pick(ODD_TEXTS);
  return {
    name: subdomain(random, index, 253),
    ...(random.onceIn(10) && { labels: { [label(random, 20)]: label(random, 20) } }),
    ...(random.onceIn(10) && { annotations: { [label(random, 20)]: random.pick(ODD_TEXTS).repeat(1000) } }),
    spec,
  };
}
