/** One outcome for every capture, the right one, in time, and a status that says what there is. */
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { FaultKind } from "../scenario.ts";
import { couldBeTold, naturalEnd, rightEnds } from "./ends.ts";
import { isUnsealed } from "./failing-disk.ts";
import { overlaps } from "./intervals.ts";
import { endSeenAt, isFinal } from "./judge-history.ts";
import type { CaptureSeen, Finding, Moment, Observation } from "./observation.ts";

/** Milliseconds after which a true status must be there, once nothing is in its way. */
export const BOUND = 75_000;
/** Milliseconds before its death of which an agent may not have told what it captured. */
const IN_MEMORY = 2000;
/** Milliseconds by which a capture may be longer or shorter than it was asked to be. */
const ACCURACY = 1500;
/** Who waits for one of these ends what it does when that is over. */
const STANDING_STILL: readonly FaultKind[] = ["agent-frozen", "disk-slow"];

/** Milliseconds from when the truth could be told until it was; 0 where it was told at once. */
export function timeToTruth(capture: CaptureSeen, seen: Observation): number {
  const told = endSeenAt(capture) ?? seen.endedAt;
  return Math.max(0, told - couldBeTold(capture, seen));
}

export function judgeOutcome(capture: CaptureSeen, seen: Observation): Finding[] {
  if (capture.deletedAt !== undefined) return [];
  const status = capture.history.findLast((one) => one.status !== undefined)?.status ?? {};
  if (!isFinal(status)) {
    return [finding(capture, "outcome", `it has no end, ${JSON.stringify(status.progress ?? "unclaimed")}`)];
  }
  return [
    ...wrongEnd(capture, status, seen),
    ...lateEnd(capture, seen),
    ...wrongTimes(capture, status, seen),
    ...(isUnsealed(capture, seen) ? [] : wrongStatistics(capture, status)),
    ...wrongGaps(capture, status, seen),
    ...wrongConditions(capture, status),
  ];
}

function wrongEnd(capture: CaptureSeen, { reason = "" }: PacketCaptureStatus, seen: Observation): Finding[] {
  const right = rightEnds(capture, seen);
  if (right.has(reason)) return [];
  return [finding(capture, "reason", `it ended as ${reason}; true would be ${[...right].join(" or ")}`)];
}

function lateEnd(capture: CaptureSeen, seen: Observation): Finding[] {
  const late = timeToTruth(capture, seen);
  return late <= BOUND
    ? []
    : [finding(capture, "bound", `its end was told ${late} ms after it could be, ${BOUND} are allowed`)];
}

function wrongTimes(capture: CaptureSeen, status: PacketCaptureStatus, seen: Observation): Finding[] {
  const [start, end] = [Date.parse(status.startTime ?? ""), Date.parse(status.endTime ?? "")];
  const found: Finding[] = [];
  if (Number.isNaN(end)) found.push(finding(capture, "times", "it ended and has no endTime"));
  if (capture.manifest !== undefined && Math.abs(capture.manifest.startTime - start) > 1.5)
    found.push(finding(capture, "times", `startTime is ${status.startTime}, the manifest's is another`));
  const sealed = capture.manifest?.endTime;
  if (sealed !== undefined && Math.abs(sealed - end) > 1.5)
    found.push(
      finding(capture, "times", `endTime is ${status.endTime}, the manifest's is ${sealed - end} ms later`),
    );
  const asked = Number(capture.spec.captureSeconds ?? 600) * 1000;
  const lasted = end - start;
  if (status.reason === "TimeElapsed" && lasted < asked - ACCURACY)
    found.push(finding(capture, "times", `its time elapsed after ${lasted} ms, ${asked} were asked for`));
  const latest = latestEnd(capture, seen);
  if (capture.manifest !== undefined && end > latest + ACCURACY)
    found.push(finding(capture, "times", `its end is ${end - latest} ms after it had to be over`));
  return found;
}

/** When its time was over; where its process or its disk stood still then, when that was over. */
function latestEnd(capture: CaptureSeen, { injections }: Observation): Moment {
  const natural = naturalEnd(capture);
  const still = injections.filter(
    ({ kind, from, to }) => STANDING_STILL.includes(kind) && from < natural && to > natural,
  );
  return Math.max(natural, ...still.map(({ to }) => to));
}

/** Status and manifest tell the same. */
function wrongStatistics(capture: CaptureSeen, { statistics, reason }: PacketCaptureStatus): Finding[] {
  const { manifest } = capture;
  if (manifest === undefined) {
    if ((statistics?.packets ?? 0) === 0) return [];
    return [
      finding(capture, "statistics", `${statistics?.packets} packets are told, and no manifest is there`),
    ];
  }
  const fields = ["packets", "bytes", "files", "filesRemoved", "dropped"] as const;
  const different = fields.filter((field) => statistics?.[field] !== manifest.statistics[field]);
  const found = different.map((field) => {
    const text = `${field} is ${statistics?.[field]} in the status and ${manifest.statistics[field]} in the manifest`;
    return finding(capture, "statistics", text);
  });
  if (manifest.reason !== reason) {
    const text = `it ended as ${reason} by its status, and as ${manifest.reason ?? "nothing"} by its manifest`;
    found.push(finding(capture, "statistics", text));
  }
  return found;
}

/** A gap is a time without an agent, each told once, in manifest and status alike. */
function wrongGaps(capture: CaptureSeen, status: PacketCaptureStatus, seen: Observation): Finding[] {
  const gaps = capture.manifest?.gaps ?? [];
  const found: Finding[] = [];
  if ((status.resumes ?? 0) !== gaps.length) {
    const text = `resumes is ${status.resumes ?? 0}, the manifest has ${gaps.length} gaps`;
    found.push(finding(capture, "gaps", text));
  }
  const seconds = Math.round(gaps.reduce((sum, { from, to }) => sum + Math.max(0, to - from), 0) / 1000);
  if (Math.abs((status.gapSeconds ?? 0) - seconds) > 1) {
    const text = `gapSeconds is ${status.gapSeconds ?? 0}, the manifest's gaps are ${seconds} s`;
    found.push(finding(capture, "gaps", text));
  }
  for (const gap of gaps) {
    // What was in memory when it died goes with it.
    const away = seen.agentAway.map(({ from, to }) => ({ from: from - IN_MEMORY, to }));
    if (away.some((time) => overlaps(time, gap))) continue;
    const text = `a gap from ${gap.from} to ${gap.to} is told, and the agent was there`;
    found.push(finding(capture, "gaps", text));
  }
  return found;
}

function wrongConditions(capture: CaptureSeen, status: PacketCaptureStatus): Finding[] {
  const is = (type: string) => status.conditions?.find((condition) => condition.type === type)?.status;
  const outcome = status.progress === "finished" ? "Complete" : "Failed";
  const expected = {
    Finished: "True",
    [outcome]: "True",
    [outcome === "Complete" ? "Failed" : "Complete"]: undefined,
    FilesAvailable: capture.files.length > 0 ? "True" : "False",
  };
  const found = Object.entries(expected)
    .filter(([type, wanted]) => is(type) !== wanted)
    .map(([type, wanted]) =>
      finding(
        capture,
        "conditions",
        `${type} is ${is(type) ?? "absent"} and should be ${wanted ?? "absent"}`,
      ),
    );
  const [only] = capture.files;
  const suffix = capture.files.length === 1 ? `/${capture.name}/${only?.name}` : `/${capture.name}`;
  const location = status.fileLocation;
  if (only === undefined ? location !== undefined : location?.endsWith(suffix) !== true) {
    const text = `fileLocation is ${location ?? "absent"}, ${capture.files.length} files are there`;
    found.push(finding(capture, "conditions", text));
  }
  return found;
}

function finding(capture: CaptureSeen, rule: string, text: string): Finding {
  return { rule, kind: "untrue", capture: capture.name, text };
}
