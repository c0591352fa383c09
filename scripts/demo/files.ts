import { execFileSync } from "node:child_process";
import { globSync } from "node:fs";
import { basename } from "node:path";
import { tcpdump } from "./tcpdump.ts";

export interface DemoFile {
  path: string;
  name: string;
  packets: number;
  bytes: number;
  first: string;
  last: string;
}

/** The capture files under `output`, oldest first, as capinfos reads them. */
export function filesOf(output: string): DemoFile[] {
  return globSync(`${output}/*/*.pcap`).sort().map(readFile);
}

function readFile(path: string): DemoFile {
  // Machine-readable: no headings, tabs, absolute times; count, size, first and last time.
  const line = execFileSync("capinfos", ["-T", "-r", "-M", "-c", "-s", "-a", "-e", path], {
    encoding: "utf8",
  });
  const [, packets, bytes, first = "", last = ""] = line.trim().split("\t");
  return {
    path,
    name: basename(path),
    packets: Number(packets),
    bytes: Number(bytes),
    first: timeOfDay(first),
    last: timeOfDay(last),
  };
}

/** `2026-11-24 20:02:11,123456789` → `20:02:11.123456789`. */
function timeOfDay(text: string): string {
  return text.replace(/^\S+ /, "").replace(",", ".");
}

export function firstPackets(files: DemoFile[], count: number): string {
  const [oldest] = files;
  if (oldest === undefined) return "no file";
  return tcpdump("-c", String(count), "--time-stamp-precision=nano", "-r", oldest.path);
}
