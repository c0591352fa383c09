import { droppedPackets } from "../agent/messages.ts";
import { byteSizeText } from "../byte-size.ts";
import type { CaptureReport } from "../capture/native.ts";
import { packetRate, type Sample } from "./rate.ts";

/** What a progress line is made of. Times in milliseconds. */
export interface ProgressFacts {
  name: string;
  captureSeconds: number;
  report: CaptureReport;
  /** Of the last seconds, oldest first: for the rate. */
  samples: readonly Sample[];
  now: number;
}

/** `pcap1  0:12 of 10:00  1,234,567 packets  102,400/s  1.2 GB  0 lost  file.pcap.part` */
export function progressLine({ name, report, captureSeconds, samples, now }: ProgressFacts): string {
  if (report.startTime === 0) return `${name}  ${report.state}`;
  const ended = report.endTime > 0;
  const seconds = Math.max(0, Math.floor(((ended ? report.endTime : now) - report.startTime) / 1000));
  const { packets } = report.statistics;
  // At the end the rate of the whole capture is of more use than that of its last moment.
  const rate = ended
    ? packetRate({ time: report.startTime, packets: 0 }, { time: report.endTime, packets })
    : packetRate(samples[0], samples.at(-1));
  return [
    name,
    `${clockText(Math.min(seconds, captureSeconds))} of ${clockText(captureSeconds)}`,
    `${numberText(packets)} packets`,
    `${numberText(rate)}/s`,
    byteSizeText(report.bytesOnDisk),
    `${numberText(droppedPackets(report.statistics))} lost`,
    report.currentFile.slice(report.currentFile.lastIndexOf("/") + 1),
  ].join("  ");
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
