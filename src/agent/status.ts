import type { CapturePlan } from "../api/plan.ts";
import type { PacketCaptureStatus } from "../api/resource.ts";
import type { CaptureEnd, CaptureReport, Statistics } from "../capture/native.ts";
import { mergePatch } from "../store/kubernetes/merge-patch.ts";
import type { ResolvedTarget } from "../target/target.ts";
import { finalConditions } from "./conditions.ts";
import { type Gap, gapFacts } from "./gaps.ts";
import { droppedPackets, finalMessage, runningMessage } from "./messages.ts";
import { finalProgress } from "./progress.ts";

/** RFC 3339 of milliseconds since 1970. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/** The claim: who has it, since when. `node` is set once. */
export function scheduledStatus(node: string, now: number): PacketCaptureStatus {
  return { progress: "scheduled", node, scheduledTime: timeText(now) };
}

/** While it runs: what was really opened, where the files are, the counters so far. */
export function runningStatus(
  before: PacketCaptureStatus,
  report: CaptureReport,
  plan: CapturePlan,
  place: { target: ResolvedTarget; folder: string },
  now: number,
): PacketCaptureStatus {
  const { target, folder } = place;
  return {
    ...before,
    ...openedFacts(before, report, target.scope),
    ...targetFacts(target),
    progress: "running",
    message: runningMessage(plan, report.interface?.name ?? "", report.warnings),
    ...(report.statistics.files > 0 ? { fileLocation: folder } : {}),
    statistics: statisticsOf(report.statistics, now),
  };
}

/** How a capture ended, and what it left on the disk. */
export interface Ending {
  end: CaptureEnd;
  /** Paths of the capture's packet files that exist now. */
  files: readonly string[];
  folder: string;
  /** The engine's last report; undefined where it never ran. */
  report?: CaptureReport;
  /** What was captured on; undefined where it was never found. */
  target?: ResolvedTarget;
  /** Times in which the agent was gone; in the last of them the capture may have ended. */
  gaps?: readonly Gap[];
}

/** The last status of a capture, exact. */
export function finalStatus(
  before: PacketCaptureStatus,
  ending: Ending,
  plan: CapturePlan,
  now: number,
): PacketCaptureStatus {
  const { end, files, folder, report, target, gaps = [] } = ending;
  const ran = report !== undefined && report.startTime > 0;
  const message = finalMessage(plan, end, ran ? report.statistics : undefined);
  const endTime = timeText(report !== undefined && report.endTime > 0 ? report.endTime : now);
  const { fileLocation: _location, message: _message, progress: _progress, ...kept } = before;
  const [onlyFile] = files;
  return {
    progress: finalProgress(end.reason),
    reason: end.reason,
    message,
    ...kept,
    ...(report === undefined ? {} : openedFacts(before, report, target?.scope ?? plan.target.kind)),
    ...(target === undefined ? {} : targetFacts(target)),
    ...(onlyFile === undefined ? {} : { fileLocation: files.length === 1 ? onlyFile : folder }),
    endTime,
    ...gapFacts(gaps),
    ...(ran ? { statistics: statisticsOf(report.statistics, now) } : {}),
    conditions: finalConditions(
      before.conditions ?? [],
      { ...end, message, filesLeft: files.length },
      endTime,
    ),
  };
}

function targetFacts({ podUID, podIP }: ResolvedTarget): Pick<PacketCaptureStatus, "target"> {
  return podUID === undefined ? {} : { target: { podUID, ...(podIP === undefined ? {} : { podIP }) } };
}

function openedFacts(
  before: PacketCaptureStatus,
  report: CaptureReport,
  scope: "node" | "pod",
): Pick<PacketCaptureStatus, "interface" | "startTime"> {
  const opened = report.interface;
  const startTime = before.startTime ?? (report.startTime > 0 ? timeText(report.startTime) : undefined);
  return {
    ...(opened === undefined
      ? {}
      : {
          interface: {
            name: opened.name,
            index: opened.index,
            scope: before.interface?.scope ?? scope,
            linkType: opened.linkType,
          },
        }),
    ...(startTime === undefined ? {} : { startTime }),
  };
}

export function statisticsOf(
  statistics: Statistics,
  now: number,
): NonNullable<PacketCaptureStatus["statistics"]> {
  return {
    packets: statistics.packets,
    bytes: statistics.bytes,
    files: statistics.files,
    filesRemoved: statistics.filesRemoved,
    dropped: droppedPackets(statistics),
    droppedByKernel: statistics.droppedByKernel,
    droppedByInterface: statistics.droppedByInterface,
    droppedOnWrite: statistics.droppedOnWrite,
    lastUpdateTime: timeText(now),
  };
}

/**
 * Whether a status says more than the one before it, apart from when it was written. The API server gives fields back in
 * an order of its own, which says nothing.
 */
export function statusChanged(before: PacketCaptureStatus | undefined, after: PacketCaptureStatus): boolean {
  return mergePatch(withoutUpdateTime(before), withoutUpdateTime(after)) !== undefined;
}

function withoutUpdateTime({ statistics, ...others }: PacketCaptureStatus = {}): Record<string, unknown> {
  return { ...others, ...(statistics && { statistics: { ...statistics, lastUpdateTime: undefined } }) };
}
