import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd, EarlierLife } from "../../capture/native.ts";
import { largest } from "../../largest.ts";
import type { MachineTime } from "../../machine-time.ts";
import type { Manifest } from "../../store/files/manifest.ts";
import { reportOf } from "../../store/files/repair.ts";
import { type Gap, withGap } from "../gaps.ts";
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
  | {
      go: "on";
      earlier: EarlierLife;
      secondsLeft: number;
      gaps: readonly Gap[];
      /** Those that its manifest tells. */
      gapsOnDisk: readonly Gap[];
    }
  /** `endTime`: where nobody saw the end, and it was later than the capture was last seen. RFC 3339. */
  | { go: "end"; end: CaptureEnd; gaps: readonly Gap[]; endTime?: string };

/** Milliseconds by which two clocks may seem to differ that were not set: they are read one after the other. */
const CLOCK_SLACK = 5000;

/**
 * Whether the capture goes on in the same ring until its original end, or has ended meanwhile.
 * @param now by the node's clock, ms since 1970
 * @param machine now by the clock that nobody sets
 */
export function decideOnRemains(
  capture: PacketCapture,
  known: KnownRemains,
  now: number,
  machine: MachineTime,
): RemainsDecision {
  const { manifest } = known;
  const { gaps = [] } = manifest;
  const monotonicStart = startOf(manifest, machine);
  const told = Date.parse(manifest.startTime ?? "");
  const started = monotonicStart === undefined ? told : now - (machine.seconds - monotonicStart) * 1000;
  const wasSet = Math.abs(started - told) > CLOCK_SLACK;
  const lastSeen = wasSet ? byClockNow(known.lastSeen, { told, started, now }) : known.lastSeen;
  const ended = (reason: string, message: string) => ({ go: "end", end: { reason, message }, gaps }) as const;
  if (manifest.finished !== undefined) return ended(manifest.finished.reason, manifest.finished.message);
  const plan = planCapture(capture.spec);
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
  return {
    go: "on",
    earlier: earlierLife(manifest, all, monotonicStart),
    secondsLeft,
    gaps: all,
    gapsOnDisk: gaps,
  };
}

/** When it began, in seconds of the machine's clock; undefined where the machine was started since, or nobody knows. */
function startOf(manifest: Manifest, { boot, seconds }: MachineTime): number | undefined {
  const { capture, monotonicStart = Number.NaN } = manifest;
  const { boot: known = "" } = capture;
  return known !== "" && known === boot && monotonicStart <= seconds ? monotonicStart : undefined;
}

/**
 * When it was last seen, by the clock as it is now: it was set since the start, which it `told` then, before the capture
 * was last seen or after. Where it is neither, rather too long a gap than none.
 */
function byClockNow(
  lastSeen: string,
  { told, started, now }: { told: number; started: number; now: number },
): string {
  const time = Date.parse(lastSeen);
  const moments = [time, time - told + started];
  return timeText(moments.find((moment) => moment >= started && moment <= now) ?? started);
}

/** Numbers go on behind every one that may have been used. The engine begins a new manifest only with number 1. */
function earlierLife(
  manifest: Manifest,
  gaps: readonly Gap[],
  monotonicStart: number | undefined,
): EarlierLife {
  const { files, removed, highestNumber = 0 } = manifest;
  const numbers = files.map(({ number }) => number);
  const highest = largest(numbers, Math.max(1, highestNumber, removed.files));
  return {
    startTime: manifest.startTime ?? "",
    monotonicStart: monotonicStart ?? 0,
    nextNumber: highest + 1,
    files: manifest.files,
    statistics: reportOf(manifest).statistics,
    removedThrough: removed.lastTimestamp ?? "",
    gaps: JSON.stringify(gaps.slice(0, -1)),
    gapFrom: gaps.at(-1)?.from ?? "",
  };
}
