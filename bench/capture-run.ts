/** One writer, once: start it, send, stop it, and count what is in its files. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { output } from "./command.ts";
import { type Count, countPackets } from "./count.ts";
import { type Cost, startMeasured } from "./measured-program.ts";
import type { Sandbox } from "./sandbox.ts";
import { type SendMethod, type Sent, startSender, type Traffic } from "./sender.ts";
import { type WriterName, writers } from "./writers/index.ts";
import type { CaptureTask, OwnCount, Writer } from "./writers/writer.ts";

export interface Place {
  sandbox: Sandbox;
  sendMethod: SendMethod;
  /** Folder on the disk that is measured; the bench makes and removes folders in it. */
  folder: string;
}

export interface Job {
  writer: WriterName;
  filter: string;
  rotateBytes: number;
  traffic: Traffic;
}

export interface Captured {
  label: string;
  cost: Cost;
  count: Count;
  own: OwnCount | undefined;
}

/** Longer than the slowest writer's libpcap timeout (1 s), so that nothing waits in its ring when it is stopped. */
const settleMilliseconds = 1500;
const recordHeaderBytes = 16;

export const expectedBytes = (traffic: Traffic): number =>
  24 + traffic.packets * (recordHeaderBytes + traffic.frameBytes);

async function makeTask(place: Place, job: Job): Promise<CaptureTask> {
  const folder = join(place.folder, "capture");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const { filter, rotateBytes, traffic } = job;
  const { interfaceName } = place.sandbox;
  return { interfaceName, folder, filter, rotateBytes, expectedBytes: expectedBytes(traffic) };
}

async function judge(task: CaptureTask, writer: Writer, job: Job, cost: Cost): Promise<Captured> {
  const { label, ownCount } = writer;
  const own = await ownCount?.(cost.stdout, cost.stderr);
  return { label, cost, own, count: await countPackets(task.folder, job.traffic.frameBytes) };
}

/** Removes the files and waits for the disk, so that the next run does not pay for this one's dirty pages. */
async function removeFiles(place: Place, task: CaptureTask): Promise<void> {
  await rm(task.folder, { recursive: true, force: true });
  await output("sync", "-f", place.folder);
}

/**
 * Starts a writer, does `whileCapturing` once it really captures, stops it and reads its files.
 * @throws Error where the writer did not start or says that it failed
 */
export async function captureWhile<T>(
  place: Place,
  job: Job,
  whileCapturing: () => Promise<T>,
): Promise<Captured & { result: T }> {
  const task = await makeTask(place, job);
  const writer = writers[job.writer](task);
  await writer.prepare?.();
  const { command, environment = {} } = writer;
  const program = startMeasured(place.sandbox, { command, environment, folder: task.folder });
  await program.ready();
  const result = await whileCapturing().catch(async (error: unknown) => {
    await program.stop();
    throw error;
  });
  await sleep(settleMilliseconds);
  const cost = await program.stop();
  const captured = await judge(task, writer, job, cost);
  await removeFiles(place, task);
  return { ...captured, result };
}

export function captureTraffic(place: Place, job: Job): Promise<Captured & { result: Sent }> {
  return captureWhile(place, job, () => startSender(place.sandbox, place.sendMethod, job.traffic).done);
}

/** CPU seconds a writer needs to start, look at an idle interface for a moment, and end. */
export async function startUpCpu(place: Place, writer: WriterName): Promise<number> {
  const traffic = { frameBytes: 64, rate: 1, packets: 0 };
  const job = { writer, filter: "", rotateBytes: 100_000_000, traffic };
  return (await captureWhile(place, job, () => sleep(500))).cost.cpuSeconds;
}
