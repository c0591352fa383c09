import { readFileSync } from "node:fs";
import type { Memory } from "./results.ts";

/** MiB of a line like `VmRSS:     81234 kB`. */
function mebibytes(text: string, name: string): number {
  const [, kilobytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text) ?? [];
  if (kilobytes === undefined) throw new Error(`/proc says nothing of ${name}`);
  return Number(kilobytes) / 1024;
}

export function memoryOf(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { rss: mebibytes(status, "VmRSS"), anonymous: mebibytes(status, "RssAnon") };
}

/** The share of a process in what it and others have mapped, MiB. */
export function proportionalMemoryOf(pid: number): number {
  return mebibytes(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"), "Pss");
}
