import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd, EarlierLife } from "../../capture/native.ts";
import type { Manifest } from "../../store/files/manifest.ts";
import { reportOf } from "../../store/files/repair.ts";
import type { Gap } from "../gaps.ts";
import { timeText } from "../status.ts";
import { wantedStop } from "../wanted-stop.ts";

/** What is known of a capture whose process died, after its files were repaired. */
export interface KnownRemains {
  manifest: Manifest;
  /** Until when the earlier process surely kept what it saw, RFC 3339. */
  lastSeen: string;
}

export type RemainsDecision =
  /** `gaps`: the last is the one it was found in; it ends when the engine captures again. */
  | { go: "on"; earlier: EarlierLife; secondsLeft: number; gaps: readonly Gap[] }
  /** `endTime`: where nobody saw the end, and it was later than the capture was last seen. RFC 3339. */
  | { go: "end"; end: CaptureEnd; gaps: readonly Gap[]; endTime?: string };

/** Whether the capture goes on in the same ring until its original end, or has ended meanwhile. */
export function decideOnRemains(
  capture: PacketCapture,
  { manifest, lastSeen }: KnownRemains,
  now: number,
): RemainsDecision {
  const { gaps = [] } = manifest;
  const ended = (reason: string, message: string) => ({ go: "end", end: { reason, message }, gaps }) as const;
  if (manifest.finished !== undefined) return ended(manifest.finished.reason, manifest.finished.message);
  const plan = planCapture(capture.spec);
  const started = Date.parse(manifest.startTime ?? "");
  const request = wantedStop(capture, " while the agent was gone");
  if (request !== undefined) {
    const stopped = ended(request.reason, request.message);
    const latest = Math.min(now, started + plan.captureSeconds * 1000);
    if (!(latest > Date.parse(lastSeen))) return stopped;
    // Finished, and nobody knows when in this time: that nothing was captured in it has to be told.
    const endTime = timeText(latest);
    return { ...stopped, gaps: withGap(gaps, lastSeen, endTime), endTime };
  }
  const packets = manifest.statistics.packets ?? 0;
  if (plan.packetCount > 0 && packets >= plan.packetCount) return ended("PacketCountReached", "");
  const secondsLeft = Math.min(plan.captureSeconds, plan.captureSeconds - (now - started) / 1000);
  if (!(secondsLeft > 0)) {
    return ended(
      "Interrupted",
      "The agent was gone when the capture's time ended; the files it had written are kept.",
    );
  }
  const all = withGap(gaps, lastSeen, timeText(now));
  return { go: "on", earlier: earlierLife(manifest, all), secondsLeft, gaps: all };
}

/** One gap with what a repair found uncounted just before it. */
function withGap(gaps: readonly Gap[], from: string, to: string): readonly Gap[] {
  const last = gaps.at(-1);
  return last?.to === from ? [...gaps.slice(0, -1), { from: last.from, to }] : [...gaps, { from, to }];
}

/** Numbers go on behind every one that may have been used. The engine begins a new manifest only with number 1. */
function earlierLife(manifest: Manifest, gaps: readonly Gap[]): EarlierLife {
  const { files, removed, highestNumber = 0 } = manifest;
  const highest = Math.max(1, highestNumber, removed.files, ...files.map(({ number }) => number));
  return {
    startTime: manifest.startTime ?? "",
    nextNumber: highest + 1,
    files: manifest.files,
    statistics: reportOf(manifest).statistics,
    removedThrough: removed.lastTimestamp ?? "",
    gaps: JSON.stringify(gaps.slice(0, -1)),
    gapFrom: gaps.at(-1)?.from ?? "",
  };
}
