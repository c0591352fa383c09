/** What an agent, its disk and its API server hold, looked at from outside. */
import { readdirSync, readFileSync } from "node:fs";
import { bytesBelow } from "../cluster-api/captures-on-disk.ts";
import type { OneNode } from "../cluster-api/one-node.ts";
import { processFigures } from "../helpers/process-figures.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { listEvents } from "../kubernetes/objects.ts";
import type { Figure } from "./flat.ts";

export const FIGURES = {
  memory: { name: "memory of the agent, MB", by: "lowest", share: 0.05, slack: 5 },
  descriptors: { name: "descriptors of files", by: "median", share: 0.1, slack: 6 },
  sockets: { name: "sockets", by: "median", share: 0.1, slack: 6 },
  threads: { name: "threads", by: "median", share: 0.1, slack: 6 },
  rings: { name: "rings in the kernel", by: "median", share: 0.2, slack: 3 },
  disk: { name: "disk, MB", by: "median", share: 0.2, slack: 2 },
  folders: { name: "folders", by: "median", share: 0.2, slack: 10 },
  captures: { name: "PacketCaptures", by: "median", share: 0.2, slack: 10 },
  events: { name: "Events", by: "median", share: 0.2, slack: 50 },
} as const satisfies Record<string, Figure>;

export type Sample = Record<keyof typeof FIGURES, number>;

export async function sample(server: ApiServer, node: OneNode, captures: number): Promise<Sample> {
  const { pid } = node.agent();
  const { memory, descriptors, sockets, threads } = processFigures(pid);
  return {
    memory: memory / 1e6,
    descriptors,
    sockets,
    threads,
    rings: packetSockets(pid),
    disk: bytesBelow(node.hostmount) / 1e6,
    folders: foldersOf(node),
    captures,
    events: (await listEvents(server.admin, "pcapper")).length,
  };
}

/** Of the process's network namespace, in which nobody else captures: each has one ring. */
function packetSockets(pid: number): number {
  return readFileSync(`/proc/${pid}/net/packet`, "utf8").trim().split("\n").length - 1;
}

export function foldersOf({ hostmount }: Pick<OneNode, "hostmount">): number {
  return readdirSync(hostmount, { withFileTypes: true }).filter((entry) => entry.isDirectory()).length;
}
