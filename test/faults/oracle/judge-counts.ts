/** What is told of packets that are in no file: neither fewer nor more than there were. */
import { isUnsealed } from "./failing-disk.ts";
import type { CaptureSeen, Finding, KeptPacket, Observation } from "./observation.ts";
import { takenFrom } from "./taken-files.ts";

/** Numbers of packets that a capture must have, and of all that it may have. */
export interface Sent {
  must: readonly number[];
  may: ReadonlySet<number>;
}

/** `removed`: packets in files that went. */
interface Told {
  packets: number;
  dropped: number;
  removed: number;
  /** Somebody removed a file of it, which need not have been the oldest. */
  takenAway: boolean;
}

export function judgeCounts(
  capture: CaptureSeen,
  kept: readonly KeptPacket[],
  sent: Sent,
  seen: Observation,
): Finding[] {
  const told = toldBy(capture, kept, seen);
  return [...lostPackets(capture, kept, sent, told), ...inventedPackets(capture, kept, sent, told)];
}

function toldBy(capture: CaptureSeen, kept: readonly KeptPacket[], seen: Observation): Told {
  const { name, manifest, history } = capture;
  if (manifest === undefined) throw new Error("a capture without a manifest has told nothing");
  const takenAway = seen.injections.some(
    ({ kind, capture: aim }) => (kind === "files-removed" || kind === "whole-files-removed") && aim === name,
  );
  if (isUnsealed(capture, seen)) {
    const status = history.findLast((one) => one.status !== undefined)?.status;
    const { packets = 0, dropped = 0, filesRemoved = 0 } = status?.statistics ?? {};
    const removed = filesRemoved > 0 ? Math.max(0, packets - kept.length) : 0;
    return { packets, dropped, removed, takenAway };
  }
  const { packets, dropped } = manifest.statistics;
  const listed = takenFrom(capture, seen.injections).reduce((sum, file) => sum + file.packets, 0);
  return { packets, dropped, removed: manifest.removedPackets + listed, takenAway };
}

/** Outside the reported gaps, what is missing must be in removed files or among the reported drops. */
function lostPackets(
  capture: CaptureSeen,
  kept: readonly KeptPacket[],
  { must, may }: Sent,
  { dropped, removed, takenAway }: Told,
): Finding[] {
  const found = new Set(kept.map(({ number }) => number));
  const missing = must.filter((number) => !found.has(number));
  // The ring removes the oldest: no removed file can answer for a hole behind the first packet that is kept.
  const firstKept = kept[0]?.number ?? Number.POSITIVE_INFINITY;
  const old = missing.filter((number) => number < firstKept).length;
  const couldBeRemoved = [...may].filter((number) => number < firstKept).length;
  const newer = missing.length - old;
  const ofTheRing = Math.min(removed, couldBeRemoved);
  const ofSomebody = takenAway ? Math.min(removed - Math.min(ofTheRing, old), newer) : 0;
  const unexplained = Math.max(0, old - ofTheRing) + newer - ofSomebody - dropped;
  if (unexplained <= 0) return [];
  const text = `${unexplained} packets are in no file and no report: of ${must.length} sent while it captured ${missing.length} are missing (first ${missing[0]}, last ${missing.at(-1)}), ${removed} removed and ${dropped} dropped are told`;
  return [{ rule: "lost packets", kind: "lost", capture: capture.name, text, packets: unexplained }];
}

/** No more is claimed than there was. */
function inventedPackets(
  capture: CaptureSeen,
  kept: readonly KeptPacket[],
  { may }: Sent,
  { packets, dropped, removed }: Told,
): Finding[] {
  const found: Finding[] = [];
  if (packets !== kept.length + removed) {
    const text = `${packets} packets are told, ${kept.length} are in its files and ${removed} in removed ones`;
    found.push({ rule: "count", kind: "untrue", capture: capture.name, text });
  }
  if (packets + dropped > may.size) {
    const text = `${packets} captured and ${dropped} dropped are told, of ${may.size} that were sent`;
    found.push({ rule: "invented packets", kind: "untrue", capture: capture.name, text });
  }
  return found;
}
