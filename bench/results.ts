/** Plain data: what is written to bench/out/bench.json and read by the tables. */
import type { Machine } from "./machine.ts";
import type { SendMethod } from "./sender.ts";
import type { WriterName } from "./writers/index.ts";

export interface RunResult {
  scenario: string;
  writer: WriterName;
  label: string;
  run: number;
  /** Frames that were really sent, and those of them that the filter lets through. */
  sent: number;
  expected: number;
  /** Frames a second, really. */
  rate: number;
  /** The rate missed what was asked for by more than 5 %. */
  rateMissed: boolean;
  /** Packets in the files, and in removed files by the program's own count. */
  written: number;
  lost: number;
  files: number;
  /** User and system CPU seconds without those of the program's start and end. */
  cpuSeconds: number;
  /** The same per million packets written; with a filter, per million sent. */
  cpuPerMillion: number;
  peakRssMib: number;
  /** RssAnon: without the kernel's ring and mapped files. */
  peakAnonymousMib: number;
  /** How often another process took the CPU away: thousands mean that the machine was not quiet. */
  preempted: number;
  /** What a strict reader or the program's own count finds wrong; empty where all is well. */
  problem: string;
}

export interface NeighbourResult {
  /** Who captures beside the neighbour. */
  beside: string;
  run: number;
  /** Latency of writing 4 KiB and fdatasync, microseconds. */
  p50Us: number;
  p99Us: number;
  maxUs: number;
}

export interface FirstPacketResult {
  label: string;
  run: number;
  /** From just before the process was made to the moment its first captured packet was sent. */
  milliseconds: number;
}

export interface Results {
  time: string;
  machine: Machine;
  sendMethod: SendMethod;
  smoke: boolean;
  /** CPU seconds to start and end, medians. */
  startUpCpuSeconds: Partial<Record<WriterName, number>>;
  runs: RunResult[];
  neighbour: NeighbourResult[];
  firstPacket: FirstPacketResult[];
  /** A writer that could not be run at all, in its own words. */
  failures: string[];
}
