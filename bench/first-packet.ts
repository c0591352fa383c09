/**
 * How long after its process was made a writer captures its first packet. A packet goes out each 0.1 ms and carries
 * the kernel's monotonic clock; the earliest one in the file was the first that could be captured.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { captureWhile, type Place } from "./capture-run.ts";
import type { FirstPacketResult } from "./results.ts";
import { startSender, type Traffic, whileSending } from "./sender.ts";
import type { WriterName } from "./writers/index.ts";

export const firstPacketWriters: WriterName[] = ["pcapper", "floor", "tcpdump", "dumpcap", "npm-cap"];

/** Longer than any writer needs to start and settle. */
const traffic: Traffic = { frameBytes: 64, rate: 10_000, packets: 50_000 };

export async function measureFirstPacket(
  place: Place,
  writer: WriterName,
  run: number,
): Promise<FirstPacketResult> {
  const sender = startSender(place.sandbox, place.sendMethod, traffic);
  const job = { writer, filter: "", rotateBytes: 100_000_000, traffic };
  const { label, cost, count } = await whileSending(sender, async () => {
    await sleep(200);
    return captureWhile(place, job, () => sender.done);
  });
  if (count.packets === 0) throw new Error(`${label} captured nothing`);
  return { label, run, milliseconds: Number(count.firstSentAtNs - cost.startedAtNs) / 1e6 };
}
