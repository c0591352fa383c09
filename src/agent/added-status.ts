import type { PacketCaptureStatus } from "../api/resource.ts";
import { filesCondition, withCondition } from "./conditions.ts";
import { gapFacts } from "./gaps.ts";
import { type Ending, statisticsOf, timeText } from "./status.ts";

/**
 * What the owner adds to a capture whose end others have told while it was away (AgentLost): when it ended,
 * its files, its counters and its gaps. The word that was given stays: there is one outcome.
 */
export function addedStatus(
  before: PacketCaptureStatus,
  { files, folder, report, gaps = [] }: Pick<Ending, "files" | "folder" | "report" | "gaps">,
  now: number,
): PacketCaptureStatus {
  const { fileLocation: _location, ...kept } = before;
  const [onlyFile] = files;
  const ran = report !== undefined && report.startTime > 0;
  const { resumes = 0, gapSeconds = 0 } = gapFacts(gaps);
  return {
    ...kept,
    ...(onlyFile === undefined ? {} : { fileLocation: files.length === 1 ? onlyFile : folder }),
    endTime: before.endTime ?? timeText(report !== undefined && report.endTime > 0 ? report.endTime : now),
    // What was told once is not taken back.
    ...(gaps.length === 0
      ? {}
      : {
          resumes: Math.max(resumes, before.resumes ?? 0),
          gapSeconds: Math.max(gapSeconds, before.gapSeconds ?? 0),
        }),
    ...(ran ? { statistics: statisticsOf(report.statistics, now) } : {}),
    conditions: withCondition(before.conditions ?? [], filesCondition(files.length), timeText(now)),
  };
}
