import { makeNetworkNamespace, type NetworkNamespace } from "./network-namespace.ts";

/** A veth pair, each end in a namespace of its own: `far` sends, `near` is where the capture runs. */
export interface Link {
  near: NetworkNamespace;
  far: NetworkNamespace;
  /** Names of the two ends, each in its own namespace. */
  nearName: string;
  farName: string;
  remove(): void;
}

export const NEAR_ADDRESS = "192.0.2.1";
const FAR_ADDRESS = "192.0.2.2";
const NEAR_MAC = "02:00:00:00:00:01";
const FAR_MAC = "02:00:00:00:00:02";
/** Nobody has it: the far end sends to it, the near IP stack drops what comes. */
export const FOREIGN_ADDRESS = "192.0.2.9";
const FOREIGN_MAC = "02:00:00:00:00:09";

export interface LinkOptions {
  /** Large packets cross the link in one piece (TSO, GSO); off by default. */
  offload?: boolean;
  /** Gives both ends an address; neighbours are known for good, so that no ARP is needed. */
  addresses?: boolean;
}

export async function makeLink({ offload = false, addresses = false }: LinkOptions = {}): Promise<Link> {
  const [near, far] = await Promise.all([makeNetworkNamespace(), makeNetworkNamespace()]);
  const link: Link = {
    near,
    far,
    nearName: "near0",
    farName: "far0",
    remove: () => {
      near.remove();
      far.remove();
    },
  };
  try {
    await connect(link);
    if (!offload) await Promise.all([noOffload(near, "near0"), noOffload(far, "far0")]);
    if (addresses) await giveAddresses(link);
  } catch (error) {
    link.remove();
    throw error;
  }
  return link;
}

async function connect({ near, far }: Link): Promise<void> {
  const end = (name: string, mac: string): string[] => ["name", name, "address", mac];
  const peer = ["peer", ...end("far0", FAR_MAC), "netns", String(far.pid)];
  await near.run("ip", "link", "add", ...end("near0", NEAR_MAC), "type", "veth", ...peer);
  await near.run("ip", "link", "set", "near0", "up");
  await far.run("ip", "link", "set", "far0", "up");
}

async function noOffload(namespace: NetworkNamespace, name: string): Promise<void> {
  await namespace.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off");
}

async function giveAddresses({ near, far }: Link): Promise<void> {
  const known = (address: string, mac: string, name: string): string[] => [
    "neigh",
    "add",
    address,
    "lladdr",
    mac,
    "nud",
    "permanent",
    "dev",
    name,
  ];
  await near.run("ip", "addr", "add", `${NEAR_ADDRESS}/24`, "dev", "near0");
  await near.run("ip", ...known(FAR_ADDRESS, FAR_MAC, "near0"));
  await far.run("ip", "addr", "add", `${FAR_ADDRESS}/24`, "dev", "far0");
  await far.run("ip", ...known(NEAR_ADDRESS, NEAR_MAC, "far0"));
  await far.run("ip", ...known(FOREIGN_ADDRESS, FOREIGN_MAC, "far0"));
}
