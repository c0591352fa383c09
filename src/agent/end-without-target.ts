import type { CaptureEnd, CaptureReport } from "../capture/native.ts";
import type { Gap } from "./gaps.ts";
import { finalProgress } from "./progress.ts";
import type { Ending } from "./status.ts";

/** A capture that was to go on. */
interface GoingOn {
  /** The last is the one it was found in. */
  gaps: readonly Gap[];
  /** Those that its manifest tells. */
  gapsOnDisk: readonly Gap[];
  /** What is on the disk; `endTime` is when it was last seen. */
  report: CaptureReport;
}

/** What a look for a target that was there says when it is there no more. */
const GONE: readonly string[] = ["TargetNotFound", "InterfaceNotFound"];

/**
 * How a capture ends whose agent was gone, and that cannot go on because of its target.
 * @param lastSeen since when nothing has been captured, RFC 3339
 */
export function endWithoutTarget(
  { reason, message }: Pick<CaptureEnd, "reason" | "message">,
  lastSeen: string,
): CaptureEnd {
  if (!GONE.includes(reason)) {
    return { reason: "Interrupted", message: `The capture could not go on: ${message}` };
  }
  const text = `The target went while the agent was gone: ${message} Nothing was captured after ${lastSeen}.`;
  return { reason: "TargetGone", message: text };
}

/** Finished, where the target went in the last gap; else over when it was last seen. */
export function withoutTarget(
  found: GoingOn,
  failure: Pick<CaptureEnd, "reason" | "message">,
): Omit<Ending, "files" | "folder"> {
  const { gapsOnDisk, report } = found;
  const end = endWithoutTarget(failure, found.gaps.at(-1)?.from ?? "");
  return end.reason === "TargetGone" ? endedInGap(found, end) : { end, report, gaps: gapsOnDisk };
}

/** A capture that could not be opened again: what there is, is of the earlier life. A stop is a stop. */
export function notOpened(remains: GoingOn, end: CaptureEnd): Omit<Ending, "files" | "folder"> {
  return finalProgress(end.reason) === "failure" ? withoutTarget(remains, end) : endedInGap(remains, end);
}

/** Until its end nothing was captured: that has to be told. */
function endedInGap(
  { gaps, gapsOnDisk, report }: GoingOn,
  end: CaptureEnd,
): Omit<Ending, "files" | "folder"> {
  const last = gaps.at(-1);
  if (last === undefined) return { end, report, gaps: gapsOnDisk };
  return { end, report: { ...report, endTime: Date.parse(last.to) }, gaps };
}
