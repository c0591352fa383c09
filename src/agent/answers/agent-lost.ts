import type { PacketCapture } from "../../api/resource.ts";

/**
 * From when a claimed capture that has not ended has lost its agent: API server's time, ms since 1970;
 * Infinity where its times cannot be used.
 *
 * `startTime` is by the node's clock, which may be an hour off; `scheduledTime` and `lastUpdateTime` are by
 * the API server's, and the start is between the two. And who still reports is not gone.
 */
export function lostFrom({ spec, status }: PacketCapture, margin: number): number {
  const seconds = Number(spec.captureSeconds ?? 600);
  const scheduled = Date.parse(status?.scheduledTime ?? "");
  const started = Date.parse(status?.startTime ?? "");
  const updated = Date.parse(status?.statistics?.lastUpdateTime ?? "");
  const begin = within(started, scheduled, updated);
  if (Number.isNaN(begin) || !Number.isFinite(seconds)) return Number.POSITIVE_INFINITY;
  const end = begin + seconds * 1000;
  return Math.max(end, Number.isNaN(updated) ? 0 : updated) + 2 * margin;
}

/** `time`, but not before `low` and not after `high`, as far as they are known (NaN = not). */
function within(time: number, low: number, high: number): number {
  if (Number.isNaN(time)) return low;
  const notBefore = Number.isNaN(low) ? time : Math.max(low, time);
  return Number.isNaN(high) ? notBefore : Math.min(high, notBefore);
}
