import { join } from "node:path";
import { type CaptureTask, ringMebibytes, snapLength, type Writer } from "./writer.ts";

/** Plain pcap (-P) as all others: its pcapng would cost it a little more. */
export function dumpcap(task: CaptureTask): Writer {
  const usual = ["-P", "-q", "-B", String(ringMebibytes), "-s", String(snapLength)];
  const where = ["-i", task.interfaceName, "-w", join(task.folder, "dumpcap.pcap")];
  const filter = task.filter === "" ? [] : ["-f", task.filter];
  return { label: `dumpcap -B ${ringMebibytes}`, command: ["dumpcap", ...usual, ...where, ...filter] };
}
