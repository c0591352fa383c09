import { interfaceCounters } from "../helpers/interface-counters.ts";
import { type Link, makeLink } from "../helpers/link.ts";
import { senderProgram } from "./compile.ts";
import { LINKTYPE, mustAgree, numbered, SMALL_RING, type Traffic, type TrafficSite } from "./traffic.ts";

export type FrameKind = "udp4" | "udp6" | "arp" | "vlan" | "flows";

export interface Frames {
  kind: FrameKind;
  /** Number of the first one. */
  first: number;
  count: number;
  /** Bytes of each, without the frame check sequence. */
  length: number;
  /** A second; 0 = as fast as possible. */
  rate: number;
}

/** Sends frames from the far end; resolves when all are out. */
export async function sendFrames({ far, farName }: Link, frames: Frames): Promise<void> {
  const { kind, first, count, length, rate } = frames;
  await far.run(await senderProgram("frames"), farName, kind, ...[first, count, length, rate].map(String));
}

interface FrameTraffic {
  name: string;
  kind: FrameKind;
  filter: string;
  /** Of one half. */
  count: number;
  length: number;
}

const FRAMES_A_SECOND = 20_000;

/** Ethernet frames that come in at one end of a link. */
export function frameTraffic({ name, kind, filter, count, length }: FrameTraffic): Traffic {
  return {
    name,
    interfaceName: "near0",
    filter,
    linkType: LINKTYPE.ETHERNET,
    twoWay: false,
    numbered: true,
    ring: SMALL_RING,
    open: async (): Promise<TrafficSite> => {
      const link = await makeLink();
      let sent = 0;
      return {
        namespace: link.near,
        send: async () => {
          await sendFrames(link, { kind, first: sent, count, length, rate: FRAMES_A_SECOND });
          sent += count;
        },
        offered: async () => {
          mustAgree("near0", (await interfaceCounters(link.near, "near0")).received, sent);
          return numbered(sent);
        },
        remove: link.remove,
      };
    },
  };
}
