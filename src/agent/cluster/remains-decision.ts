import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd, EarlierLife } from "../../capture/native.ts";
import type { Manifest } from "../../store/files/manifest.ts";
import { reportOf } from "../../store/files/repair.ts";

/** What is known of a capture whose process died, after its files were repaired. */
export interface KnownRemains {
  manifest: Manifest;
  /** When the earlier process last wrote something, RFC 3339. */
  lastSeen: string;
}

export type RemainsDecision =
  | { go: "on"; earlier: EarlierLife; secondsLeft: number; gapSeconds: number }
  | { go: "end"; end: CaptureEnd };

/** Whether the capture goes on in the same ring until its original end, or has ended meanwhile. */
export function decideOnRemains(
  capture: PacketCapture,
  { manifest, lastSeen }: KnownRemains,
  now: number,
): RemainsDecision {
  if (manifest.finished !== undefined) {
    const { reason, message } = manifest.finished;
    return { go: "end", end: { reason, message } };
  }
  if (capture.spec.stop === true) {
    return ended("Stopped", "spec.stop was set to true while the agent was gone.");
  }
  const plan = planCapture(capture.spec);
  const packets = manifest.statistics.packets ?? 0;
  if (plan.packetCount > 0 && packets >= plan.packetCount) return ended("PacketCountReached", "");
  const started = Date.parse(manifest.startTime ?? "");
  const secondsLeft = Math.min(plan.captureSeconds, plan.captureSeconds - (now - started) / 1000);
  if (!(secondsLeft > 0)) {
    return ended(
      "Interrupted",
      "The agent was gone when the capture's time ended; the files it had written are kept.",
    );
  }
  const gap = { from: lastSeen, to: new Date(now).toISOString() };
  const gapSeconds = Math.max(0, Math.round((now - Date.parse(lastSeen)) / 1000));
  return { go: "on", earlier: earlierLife(manifest, gap), secondsLeft, gapSeconds };
}

function ended(reason: string, message: string): RemainsDecision {
  return { go: "end", end: { reason, message } };
}

/** Numbers go on behind every one that may have been used. The engine begins a new manifest only with number 1. */
function earlierLife(manifest: Manifest, gap: { from: string; to: string }): EarlierLife {
  const { files, removed, highestNumber = 0 } = manifest;
  const highest = Math.max(1, highestNumber, removed.files, ...files.map(({ number }) => number));
  return {
    startTime: manifest.startTime ?? "",
    nextNumber: highest + 1,
    files: manifest.files,
    statistics: reportOf(manifest).statistics,
    gaps: JSON.stringify([...(manifest.gaps ?? []), gap]),
  };
}
