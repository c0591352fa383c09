import { byteSizeText } from "../byte-size.ts";
import type { CaptureReport } from "../capture/native.ts";

/** What a progress line is made of. Times in milliseconds. */
export interface ProgressFacts {
  name: string;
  captureSeconds: number;
  report: CaptureReport;
  /** The report a moment ago, for the rate. */
  before: { report: CaptureReport; time: number } | undefined;
  now: number;
}

/** `pcap1  0:12 of 10:00  1,234,567 packets  102,400/s  1.2 GB  0 lost  file.pcap.part` */
export function progressLine(facts: ProgressFacts): string {
  const { name, report, captureSeconds, now } = facts;
  if (report.startTime === 0) return `${name}  ${report.state}`;
  const { statistics } = report;
  const seconds = Math.max(0, Math.floor((now - report.startTime) / 1000));
  const lost = statistics.droppedByKernel + statistics.droppedByInterface + statistics.droppedOnWrite;
  return [
    name,
    `${clockText(Math.min(seconds, captureSeconds))} of ${clockText(captureSeconds)}`,
    `${numberText(statistics.packets)} packets`,
    `${numberText(packetRate(facts))}/s`,
    byteSizeText(report.bytesOnDisk),
    `${numberText(lost)} lost`,
    report.currentFile.slice(report.currentFile.lastIndexOf("/") + 1),
  ].join("  ");
}

function packetRate({ report, before, now }: ProgressFacts): number {
  if (before === undefined || now <= before.time) return 0;
  const packets = report.statistics.packets - before.report.statistics.packets;
  return Math.max(0, Math.round((packets * 1000) / (now - before.time)));
}

/** `0:05`, `10:00`, `27:46:39`. */
export function clockText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours = 0, ...rest] = parts;
  const shown = hours > 0 ? parts : rest;
  return shown.map((part, index) => (index === 0 ? String(part) : String(part).padStart(2, "0"))).join(":");
}

function numberText(number: number): string {
  return number.toLocaleString("en-US");
}
