import { join } from "node:path";
import {
  type CaptureTask,
  type OwnCount,
  ringFiles,
  ringMebibytes,
  snapLength,
  type Writer,
} from "./writer.ts";

async function ownCount(_stdout: string, stderr: string): Promise<OwnCount> {
  const number = (words: RegExp) => Number(words.exec(stderr)?.[1] ?? Number.NaN);
  const packets = number(/^(\d+) packets? captured/m);
  if (Number.isNaN(packets)) throw new Error(`tcpdump: ${stderr.trim()}`);
  return { packets, dropped: number(/^(\d+) packets? dropped by kernel/m) };
}

function tcpdump(task: CaptureTask, label: string, options: string[]): Writer {
  const usual = ["-Z", "root", "-n", "-s", String(snapLength), "--time-stamp-precision=nano"];
  const where = ["-i", task.interfaceName, "-w", join(task.folder, "tcpdump.pcap")];
  const filter = task.filter === "" ? [] : [task.filter];
  return { label, command: ["tcpdump", ...usual, ...options, ...where, ...filter], ownCount };
}

const bigRing = ["-B", String(ringMebibytes * 1024)];

/** 2 MiB ring, its own default. */
export const tcpdumpPlain = (task: CaptureTask): Writer => tcpdump(task, "tcpdump -w", []);

export const tcpdumpBigRing = (task: CaptureTask): Writer => tcpdump(task, "tcpdump -B 65536 -w", bigRing);

export function tcpdumpRotating(task: CaptureTask): Writer {
  const megabytes = String(task.rotateBytes / 1e6);
  const rotation = ["-C", megabytes, "-W", String(ringFiles)];
  return tcpdump(task, `tcpdump -B 65536 -C ${megabytes} -W ${ringFiles}`, [...bigRing, ...rotation]);
}
