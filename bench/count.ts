import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { output } from "./command.ts";
import { programPath } from "./toolbox.ts";

export interface Count {
  files: number;
  packets: number;
  bytes: number;
  /** CLOCK_MONOTONIC, nanoseconds, when the earliest of the packets was sent; 0 where there is none. */
  firstSentAtNs: bigint;
  /** What a strict reader finds wrong; empty where all is well. */
  problem: string;
}

/** Counts the packets of all capture files below a folder with a reader that shares no code with any writer. */
export async function countPackets(folder: string, frameBytes: number): Promise<Count> {
  const names = await readdir(folder, { recursive: true });
  const files = names.filter((name) => /\.pcap\d*$/.test(name)).map((name) => join(folder, name));
  if (files.length === 0) return { files: 0, packets: 0, bytes: 0, firstSentAtNs: 0n, problem: "no file" };
  const count = JSON.parse(await output(programPath("count"), String(frameBytes), ...files));
  const unfinished = names.some((name) => name.endsWith(".part")) ? "a .part file was left" : "";
  return { ...count, firstSentAtNs: BigInt(count.firstSentAtNs), problem: count.problem || unfinished };
}
