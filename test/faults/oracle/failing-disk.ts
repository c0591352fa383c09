/** What a disk that failed may leave, and what has to be true all the same. */
import type { FaultKind } from "../scenario.ts";
import { endSeenAt } from "./judge-history.ts";
import type { CaptureSeen, Observation } from "./observation.ts";

export const FAILING_DISK: readonly FaultKind[] = ["disk-errors", "disk-read-only", "hostmount-gone"];

/** Names that should have been changed or removed at its end may still be there. */
export function endedOnFailingDisk(
  capture: CaptureSeen,
  { injections, endedAt }: Pick<Observation, "injections" | "endedAt">,
): boolean {
  const end = endSeenAt(capture) ?? endedAt;
  return injections.some(({ kind, from }) => FAILING_DISK.includes(kind) && from < end);
}

/** Its last manifest could not be written: there the capture still runs, and the status alone tells of its end. */
export function isUnsealed(capture: CaptureSeen, seen: Pick<Observation, "injections" | "endedAt">): boolean {
  const { manifest } = capture;
  return manifest !== undefined && manifest.reason === undefined && endedOnFailingDisk(capture, seen);
}
