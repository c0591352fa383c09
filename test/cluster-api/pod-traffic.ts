/** Numbered packets to pods, and which of them are in a capture. */
import { globSync } from "node:fs";
import { join } from "node:path";
import type { NodePod } from "../helpers/cni-node.ts";
import { judge } from "../helpers/judges.ts";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import { sendDatagrams } from "../traffic/datagram-traffic.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";

const LENGTH = 100;
const RATE = 20_000;

/** `out`: the node's interface that the pod is behind. */
export interface Way {
  out: string;
  mac: string;
  /** The node's end of the pod's veth. */
  veth: string;
}

/** How the node reaches a pod: by the bridge, by its veth, or by the other end of macvlan's uplink. */
export async function wayTo(
  node: NetworkNamespace,
  { network }: Pick<NodePod, "network">,
  kind: string,
  interfaceName = "eth0",
): Promise<Way> {
  const [inside] = JSON.parse(await network.run("ip", "-json", "link", "show", interfaceName)) as {
    address: string;
    link_index: number;
  }[];
  if (inside === undefined) throw new Error(`the pod has no ${interfaceName}`);
  const links = JSON.parse(await node.run("ip", "-json", "link")) as { ifindex: number; ifname: string }[];
  const veth = links.find(({ ifindex }) => ifindex === inside.link_index)?.ifname ?? "";
  const out = kind === "bridge" ? "br0" : kind === "ptp" ? veth : "up1";
  return { out, mac: inside.address, veth };
}

/**
 * Datagrams through the node's IP stack to the pod's address. Neighbours and the bridge's table are set for
 * good and the pod has no way back, so that no packet passes that was not sent here.
 */
export async function sendToPod(
  node: NetworkNamespace,
  { out, mac, veth }: Way,
  address: string,
  numbers: { first: number; count: number },
): Promise<void> {
  await node.run("ip", "neigh", "replace", address, "lladdr", mac, "nud", "permanent", "dev", out);
  await node.run("ip", "route", "replace", `${address}/32`, "dev", out, "src", SENDER);
  if (out === "br0") await node.run("bridge", "fdb", "replace", mac, "dev", veth, "master", "static");
  await sendDatagrams(node, { address, ...numbers, length: LENGTH, rate: RATE });
}

const SENDER = "192.0.2.254";

/** Once, before the first datagram. */
export async function giveSenderAddress(node: NetworkNamespace): Promise<void> {
  await node.run("ip", "addr", "add", `${SENDER}/32`, "dev", "lo");
}

/** Ethernet frames, IPv6 but for every fourth, out of one interface of the node. */
export function sendOut(
  node: NetworkNamespace,
  interfaceName: string,
  numbers: { first: number; count: number },
): Promise<void> {
  const link = { near: node, far: node, nearName: "", farName: interfaceName, remove: () => undefined };
  return sendFrames(link, { kind: "udp6", ...numbers, length: LENGTH, rate: RATE });
}

/** Numbers of the packets in a capture's files, in order. */
export async function numbersIn(hostmount: string, name: string): Promise<number[]> {
  const paths = globSync(join(hostmount, name, "*.[0-9]*.pcap{,.part}")).sort();
  const files = await Promise.all(paths.map(judge));
  return files
    .flatMap(({ records }) => records.map(({ data }) => Number(data.readBigUInt64BE(data.length - 8))))
    .sort((a, b) => a - b);
}

export function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => first + index);
}
