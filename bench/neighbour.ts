/** What another process on the same disk feels while 400 MB/s are captured beside it. */

import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { captureWhile, type Place } from "./capture-run.ts";
import { output } from "./command.ts";
import type { NeighbourResult } from "./results.ts";
import { startSender, type Traffic, whileSending } from "./sender.ts";
import { programPath } from "./toolbox.ts";
import type { WriterName } from "./writers/index.ts";

export const neighbourWriters: WriterName[] = ["pcapper-rotating", "floor", "tcpdump-B", "tcpdump-C"];

const seconds = 5;
const traffic: Traffic = { frameBytes: 1400, rate: 283_000, packets: 283_000 * (seconds + 1) };
const rotateBytes = 100_000_000;

type Latency = Pick<NeighbourResult, "p50Us" | "p99Us" | "maxUs">;

/** The sender runs in every case, so that only the writing differs. */
async function probeWhileSending(place: Place, smoke: boolean): Promise<Latency> {
  const shown = smoke ? { ...traffic, rate: 20_000, packets: 30_000 } : traffic;
  const sender = startSender(place.sandbox, place.sendMethod, shown);
  const file = join(place.folder, "neighbour");
  const text = await whileSending(sender, async () => {
    await sleep(500);
    return output(programPath("neighbour"), file, String(smoke ? 0.5 : seconds));
  });
  await rm(file);
  const { p50Us, p99Us, maxUs } = JSON.parse(text);
  return { p50Us, p99Us, maxUs };
}

export async function probeAlone(place: Place, run: number, smoke: boolean): Promise<NeighbourResult> {
  return { beside: "nobody", run, ...(await probeWhileSending(place, smoke)) };
}

export async function probeBeside(
  place: Place,
  writer: WriterName,
  run: number,
  smoke: boolean,
): Promise<NeighbourResult> {
  const job = { writer, filter: "", rotateBytes, traffic };
  const { label, result } = await captureWhile(place, job, () => probeWhileSending(place, smoke));
  return { beside: label, run, ...result };
}
