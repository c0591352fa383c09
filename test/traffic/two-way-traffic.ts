import { spawn } from "node:child_process";
import { once } from "node:events";
import { dyingWithTest } from "../helpers/execute.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { type Link, makeLink, NEAR_ADDRESS } from "../helpers/link.ts";
import { senderProgram } from "./compile.ts";
import { sendFrames } from "./frame-traffic.ts";
import { LINKTYPE, SMALL_RING, type Traffic, type TrafficSite } from "./traffic.ts";

/** UDP frames of noise with each half. */
const NOISE = 100;

interface TwoWay {
  name: string;
  filter: string;
  offload?: boolean;
  ring?: Traffic["ring"];
  longest?: number;
  send(link: Link): Promise<void>;
}

function twoWayTraffic({ name, filter, offload = false, ring = SMALL_RING, longest, send }: TwoWay): Traffic {
  return {
    name,
    interfaceName: "near0",
    filter,
    linkType: LINKTYPE.ETHERNET,
    twoWay: true,
    numbered: false,
    ring,
    ...(longest === undefined ? {} : { longest }),
    open: async (): Promise<TrafficSite> => {
      const link = await makeLink({ addresses: true, offload });
      let noise = 0;
      return {
        namespace: link.near,
        send: async () => {
          await send(link);
          await sendFrames(link, { kind: "udp4", first: noise, count: NOISE, length: 200, rate: 20_000 });
          noise += NOISE;
        },
        // Only the interface knows how many acknowledgements a conversation took.
        offered: async () => {
          const { received, sent } = await interfaceCounters(link.near, "near0");
          return { all: received + sent, matching: received + sent - noise };
        },
        remove: link.remove,
      };
    },
  };
}

export const PING = twoWayTraffic({
  name: "ICMP",
  filter: "icmp",
  send: async ({ far }) => {
    await far.run("ping", "-q", "-n", "-i", "0.001", "-c", "150", "-s", "1000", NEAR_ADDRESS);
  },
});

export const TCP = twoWayTraffic({
  name: "TCP",
  filter: "tcp port 9999",
  send: (link) => converse(link, 500_000),
});

export const TCP_GSO = twoWayTraffic({
  name: "64 KiB TCP GSO",
  filter: "tcp port 9999",
  offload: true,
  ring: { snapLength: 70_000, maxFileSize: 262_144 },
  longest: 60_000,
  send: (link) => converse(link, 3_000_000),
});

/** A TCP connection that sends `bytes` and gets them back; over when its last packet has arrived. */
async function converse({ near, far }: Link, bytes: number): Promise<void> {
  const program = await senderProgram("stream");
  const server = spawn("setpriv", dyingWithTest(near.inside([program, "serve", "9999"])), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const closed = once(server, "close");
  await once(server.stdout, "data");
  await far.run(program, "send", NEAR_ADDRESS, "9999", String(bytes));
  const [code] = await closed;
  if (code !== 0) throw new Error(`the TCP server ended with ${code}`);
}
