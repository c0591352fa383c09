import { interfaceCounters } from "../helpers/interface-counters.ts";
import { FOREIGN_ADDRESS, makeLink } from "../helpers/link.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { senderProgram } from "./compile.ts";
import { LINKTYPE, mustAgree, numbered, SMALL_RING, type Traffic } from "./traffic.ts";

export interface Datagrams {
  address: string;
  first: number;
  count: number;
  /** Bytes of UDP payload. */
  length: number;
  /** A second; 0 = as fast as possible. */
  rate: number;
  /** Sent in one piece, for hardware to cut into segments of so many bytes; 0 = no. */
  segment?: number;
}

/** Sends UDP through the IP stack; resolves when all are out. */
export async function sendDatagrams(namespace: NetworkNamespace, datagrams: Datagrams): Promise<void> {
  const { address, first, count, length, rate, segment = 0 } = datagrams;
  const numbers = [first, count, length, rate, segment].map(String);
  await namespace.run(await senderProgram("datagrams"), address, ...numbers);
}

/** Makes a frame of 64 KiB less one byte, the largest that a veth takes in one piece. */
const LARGEST = 65_535 - 42;

/** Packets of 64 KiB on a link whose far end leaves the cutting to the hardware. */
export const UDP_GSO: Traffic = {
  name: "64 KiB GSO",
  interfaceName: "near0",
  filter: "udp port 9999",
  linkType: LINKTYPE.ETHERNET,
  twoWay: false,
  numbered: true,
  ring: { snapLength: 70_000, maxFileSize: 262_144 },
  longest: LARGEST + 42,
  open: async () => {
    const link = await makeLink({ addresses: true, offload: true });
    let sent = 0;
    return {
      namespace: link.near,
      send: async () => {
        const what = { first: sent, count: 20, length: LARGEST, rate: 200, segment: 1400 };
        await sendDatagrams(link.far, { address: FOREIGN_ADDRESS, ...what });
        sent += what.count;
      },
      offered: async () => {
        mustAgree("near0", (await interfaceCounters(link.near, "near0")).received, sent);
        return numbered(sent);
      },
      remove: link.remove,
    };
  },
};

/** Each packet passes `lo` twice, going out and coming in; a capture has it once. */
export const LOOPBACK: Traffic = {
  name: "lo",
  interfaceName: "lo",
  filter: "udp port 9999",
  linkType: LINKTYPE.ETHERNET,
  twoWay: false,
  numbered: true,
  ring: SMALL_RING,
  open: async () => {
    const namespace = await makeNetworkNamespace();
    let sent = 0;
    return {
      namespace,
      send: async () => {
        const what = { first: sent, count: 500, length: 1000, rate: 20_000 };
        await sendDatagrams(namespace, { address: "127.0.0.1", ...what });
        sent += what.count;
      },
      offered: async () => {
        mustAgree("lo", (await interfaceCounters(namespace, "lo")).received, sent);
        return numbered(sent);
      },
      remove: namespace.remove,
    };
  },
};
