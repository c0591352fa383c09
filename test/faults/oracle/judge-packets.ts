/** To the packet: what was sent, against what is in the files and what is told about the rest. */
import { isNoise } from "../../traffic/traffic.ts";
import { isUnsealed } from "./failing-disk.ts";
import { interfaceTurns } from "./interface-turns.ts";
import { isWithin, overlaps, shrunk, without } from "./intervals.ts";
import { judgeCounts } from "./judge-counts.ts";
import type { Batch, CaptureSeen, Finding, Interval, KeptPacket, Observation } from "./observation.ts";

/**
 * Milliseconds around a start, an end and a gap in which a packet may be on either side: the kernel's own
 * work between its call and the clock's (it waits for all processors), on a machine with two of them.
 */
const EDGE = 150;
/** Milliseconds between a packet's way out and its timestamp. */
const LATE_STAMP = 1000;

export function judgePackets(capture: CaptureSeen, seen: Observation): Finding[] {
  const window = claimedWindow(capture, seen);
  const kept = capture.files.flatMap(({ packets }) => packets);
  if (window === undefined || capture.manifest === undefined) return packetsWithoutClaim(capture, kept);
  const batches = (seen.sent[capture.stream] ?? []).filter(({ count }) => count > 0);
  const claimed = shrunk(without(window, [...capture.manifest.gaps, ...interfaceTurns(capture, seen)]), EDGE);
  const must = numbersOf(batches, capture.filtered, (batch) => isWithin(batch, claimed));
  // A sender that had to wait between its two looks at the clock has packets on both sides of an edge.
  const [wide = window] = shrunk([window], -EDGE);
  const may = new Set(numbersOf(batches, capture.filtered, (batch) => overlaps(batch, wide)));
  return [
    ...foreignPackets(capture, kept, may),
    ...untimelyPackets(capture, kept, batches),
    ...judgeCounts(capture, kept, { must, may }, seen),
  ];
}

/** The time of which the capture says that it captured, gaps included; undefined where it never began. */
function claimedWindow(capture: CaptureSeen, seen: Observation): Interval | undefined {
  const { manifest, files, history, spec } = capture;
  if (manifest === undefined) return undefined;
  const status = history.findLast((one) => one.status !== undefined)?.status;
  // It could not begin, and the disk let nothing be taken back.
  if (isUnsealed(capture, seen) && status?.startTime === undefined) return undefined;
  const from = manifest.startTime;
  const last = files.at(-1)?.packets.at(-1)?.at;
  // Packets behind the last one that was asked for are nobody's loss, also where some of those were.
  const { packets, dropped } = manifest.statistics;
  if (packets + dropped >= Number(spec.packetCount ?? Infinity) && last !== undefined)
    return { from, to: last + 1 };
  const to = manifest.endTime ?? Date.parse(status?.endTime ?? "");
  return Number.isNaN(to) ? undefined : { from, to };
}

function numbersOf(batches: readonly Batch[], filtered: boolean, isIn: (batch: Batch) => boolean): number[] {
  return batches
    .filter(isIn)
    .flatMap(({ first, count }) => Array.from({ length: count }, (_, index) => first + index))
    .filter((number) => !filtered || !isNoise(number));
}

function packetsWithoutClaim(capture: CaptureSeen, kept: readonly KeptPacket[]): Finding[] {
  if (kept.length === 0) return [];
  const text = `${kept.length} packets are in its files, and nothing says from when to when it captured`;
  return [finding(capture, "window", text)];
}

/** Each packet once, in order, of those that were sent while it ran. */
function foreignPackets(
  capture: CaptureSeen,
  kept: readonly KeptPacket[],
  may: ReadonlySet<number>,
): Finding[] {
  const foreign = kept.filter(({ number }) => !may.has(number));
  const unordered = kept.filter(
    ({ number }, index) => index > 0 && number <= (kept[index - 1]?.number ?? -1),
  );
  const found: Finding[] = [];
  if (foreign.length > 0) {
    const text = `${foreign.length} packets were not sent while it ran, the first is number ${foreign[0]?.number}`;
    found.push(finding(capture, "foreign packets", text));
  }
  if (unordered.length > 0) {
    const text = `${unordered.length} packets come twice or out of order, the first is number ${unordered[0]?.number}`;
    found.push(finding(capture, "order", text));
  }
  return found;
}

/** A timestamp is the kernel's: from when the packet went out, and not much later. */
function untimelyPackets(
  capture: CaptureSeen,
  kept: readonly KeptPacket[],
  batches: readonly Batch[],
): Finding[] {
  let at = 0;
  let untimely = 0;
  let example = "";
  for (const packet of kept) {
    while (at < batches.length - 1 && endOf(batches[at]) <= packet.number) at += 1;
    const batch = batches[at];
    if (batch === undefined || packet.number < batch.first || packet.number >= endOf(batch)) continue;
    if (packet.at >= batch.from - 1 && packet.at <= batch.to + LATE_STAMP) continue;
    untimely += 1;
    example ||= `number ${packet.number} at ${packet.at}, sent from ${batch.from} to ${batch.to}`;
  }
  return untimely === 0
    ? []
    : [finding(capture, "timestamps", `${untimely} timestamps are not true: ${example}`)];
}

function endOf(batch: Batch | undefined): number {
  return batch === undefined ? 0 : batch.first + batch.count;
}

function finding(capture: CaptureSeen, rule: string, text: string): Finding {
  return { rule, kind: "untrue", capture: capture.name, text };
}
