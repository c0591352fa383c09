import { rarePort, type Traffic } from "./sender.ts";
import type { WriterName } from "./writers/index.ts";

export interface Scenario extends Traffic {
  name: string;
  title: string;
  /** pcap-filter expression for all writers; empty = all packets. */
  filter: string;
  writers: WriterName[];
  /** At most that many runs, where one is long. */
  mostRuns?: number;
  /** Size of a file for the writers that rotate, in bytes: a multiple of a million, tcpdump's unit. */
  rotateBytes: number;
}

const everyone: WriterName[] = ["pcapper", "floor", "tcpdump", "tcpdump-B", "dumpcap", "npm-cap"];
const rotating: WriterName[] = ["pcapper", "pcapper-rotating", "floor", "tcpdump-B", "tcpdump-C"];
const strong: WriterName[] = ["pcapper", "floor", "tcpdump-B", "dumpcap"];

const usual = { filter: "", writers: everyone, rotateBytes: 100_000_000 };

/**
 * Five seconds of traffic each; longer where the cost is so small that the start-up of Node, which varies by some
 * 0.04 CPU s, would decide: at 64 B 400,000/s and with the filter.
 */
export const scenarios: Scenario[] = [
  { ...usual, name: "64B-50k", title: "64 B, 50,000/s", frameBytes: 64, rate: 50_000, packets: 250_000 },
  {
    ...usual,
    name: "64B-400k",
    title: "64 B, 400,000/s",
    frameBytes: 64,
    rate: 400_000,
    packets: 6_000_000,
  },
  {
    ...usual,
    name: "64B-1M",
    title: "64 B, 1,000,000/s",
    frameBytes: 64,
    rate: 1_000_000,
    packets: 5_000_000,
  },
  {
    ...usual,
    name: "1400B-400k",
    title: "1400 B, 400,000/s",
    frameBytes: 1400,
    rate: 400_000,
    packets: 2_000_000,
  },
  {
    ...usual,
    name: "1400B-800k-10M",
    title: "1400 B, 800,000/s, 10 million packets (14 GB)",
    frameBytes: 1400,
    rate: 800_000,
    packets: 10_000_000,
    writers: strong,
    mostRuns: 3,
  },
  {
    ...usual,
    name: "filter",
    title: "64 B, 1,000,000/s, a filter that lets 2 % through (CPU s per million sent)",
    frameBytes: 64,
    rate: 1_000_000,
    packets: 10_000_000,
    filter: `udp dst port ${rarePort}`,
  },
  {
    ...usual,
    name: "rotation-64B-1M",
    title: "rotation 100M × 10: 64 B, 1,000,000/s",
    frameBytes: 64,
    rate: 1_000_000,
    packets: 5_000_000,
    writers: rotating,
  },
  {
    ...usual,
    name: "rotation-1400B-400k",
    title: "rotation 100M × 10: 1400 B, 400,000/s",
    frameBytes: 1400,
    rate: 400_000,
    packets: 2_000_000,
    writers: rotating,
  },
];

/** What a smoke run tries unless told otherwise: each writer, the filter, and rings of files. */
export const smokeNames = ["64B-400k", "filter", "rotation-1400B-400k"];

/** Small enough for a busy machine, large enough for ten rotations: nothing in it is a measurement. */
export function smokeScenario(scenario: Scenario): Scenario {
  return { ...scenario, rate: 40_000, packets: 20_000, rotateBytes: 1_000_000 };
}
