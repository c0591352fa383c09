/** What a crash, a bad disk or a stranger may make of a JSON record; the same for the same seed. Pure. */
import type { Random } from "./seeded-random.ts";

/** Written as it is, not as a JSON text: numbers that JavaScript cannot say. */
const RAW_NUMBERS = ["18446744073709551615", "9223372036854775808", "1e400", "-1e400", "-0", "1e-400", "0.1"];

const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 53 - 1,
  2 ** 53,
  1e308,
  "",
  "5",
  "x",
  "a\nb",
  "\u0000",
  "\u001b]0;title\u0007",
  "../../etc/passwd",
  "/etc/passwd",
  "..",
  "pcap2?x=y",
  "%2e%2e",
  "0000-00-00T00:00:00Z",
  "1969-12-31T23:59:59Z",
  "9999-12-31T23:59:59.999999999Z",
  "+275760-09-13T00:00:00.000Z",
  "x".repeat(100_000),
  [],
  {},
  [[]],
  [null],
  [{ from: "x" }],
  { toString: 1, valueOf: 1 },
  { length: 1e9 },
];

/** A value somewhere below another, and how to put another in its place. */
interface Spot {
  path: string;
  put(value: unknown): void;
  remove(): void;
}

function spotsIn(value: unknown, path = ""): Spot[] {
  if (typeof value !== "object" || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [
    {
      path: `${path}/${key}`,
      put: (other) => {
        holder[key] = other;
      },
      remove: () => {
        if (Array.isArray(value)) value.splice(Number(key), 1);
        else delete holder[key];
      },
    },
    ...spotsIn(holder[key], `${path}/${key}`),
  ]);
}

export interface FuzzedJson {
  /** What was done, for a person who repeats it. */
  what: string;
  text: string;
}

/** @param more values that are odd in this record only, such as names of somebody else's files */
export function fuzzedJson(random: Random, good: unknown, more: readonly unknown[] = []): FuzzedJson {
  const text = JSON.stringify(good);
  const kind = random.below(12);
  if (kind === 0) {
    const length = random.below(text.length);
    return { what: `cut at ${length}`, text: text.slice(0, length) };
  }
  if (kind === 1) return { what: "a byte changed", text: withByteChanged(random, text) };
  if (kind === 2) return { what: "nested deep", text: nested(random, text) };
  if (kind === 3) return { what: "not a record", text: JSON.stringify(random.pick(ODD_VALUES)) };
  return withChanges(random, good, [...ODD_VALUES, ...more]);
}

function withByteChanged(random: Random, text: string): string {
  const at = random.below(text.length);
  return `${text.slice(0, at)}${String.fromCharCode(random.below(256))}${text.slice(at + 1)}`;
}

function nested(random: Random, text: string): string {
  const depth = 1 + random.below(200_000);
  const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
  return random.onceIn(2) ? deep : `${text.slice(0, -1)},"deep":${deep}}`;
}

function withChanges(random: Random, good: unknown, odd: readonly unknown[]): FuzzedJson {
  const copy = structuredClone(good);
  const done: string[] = [];
  const raw: string[] = [];
  do {
    const spot = random.pick(spotsIn(copy));
    const how = random.below(6);
    done.push(`${spot.path} ${["removed", "a raw number"][how] ?? "odd"}`);
    if (how === 0) spot.remove();
    else if (how === 1) {
      raw.push(random.pick(RAW_NUMBERS));
      spot.put(`raw-${raw.length}`);
    } else spot.put(structuredClone(random.pick(odd)));
  } while (spotsIn(copy).length > 0 && random.onceIn(2));
  const text = raw.reduce(
    (whole, number, index) => whole.replace(`"raw-${index + 1}"`, number),
    JSON.stringify(copy),
  );
  return { what: done.join(", "), text };
}
