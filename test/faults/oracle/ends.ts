/** Which ends are right for a capture, by what was asked and what was done to it. */
import type { FaultKind } from "../scenario.ts";
import { FAILING_DISK } from "./failing-disk.ts";
import type { CaptureSeen, Injection, Interval, Moment, Observation } from "./observation.ts";

/** Milliseconds an agent that is back may take to go on with what it finds. */
const BACK_AT_WORK = 15_000;
/** Milliseconds an agent may wait before it asks an API server again that failed it. */
export const API_PATIENCE = 35_000;
/** Milliseconds that an end takes until it is on the disk: who dies in them leaves nothing that tells of it. */
const CLOSING = 2000;
/** Milliseconds in which an end may come by another cause that was just as near. */
const CLOSE = 3000;

/** Faults of the way to the API server, during which an agent cannot learn what it has to do. */
export const API_FAULTS: readonly FaultKind[] = [
  "api-terminated",
  "api-killed",
  "api-refuses",
  "api-fails",
  "api-slow",
  "api-cut",
  "api-answers-lost",
  "api-hangs",
];

/** Faults in which it learns nothing at all, and does nothing. */
const STANDING_STILL: readonly FaultKind[] = ["agent-frozen", "agent-blocked"];

const DEAF = [...API_FAULTS, ...STANDING_STILL];

/** What else is true when such a fault met the capture. */
const OTHER_ENDS: Partial<Record<FaultKind, readonly string[]>> = {
  "interface-deleted": ["TargetGone", "InterfaceNotFound", "Interrupted"],
  "interface-down": ["InterfaceDown", "Interrupted"],
  // A capture that runs goes on; an agent that comes back does not find the name.
  "interface-renamed": ["InterfaceNotFound", "InterfaceDown", "TargetGone", "Interrupted"],
  "pod-deleted": ["TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  "pod-replaced": ["TargetGone", "TargetNotFound", "PodNetworkNotFound", "Interrupted"],
  "pod-network-gone": ["TargetGone", "PodNetworkNotFound", "Interrupted"],
  "disk-full": ["DiskFull", "DiskPressure", "NotEnoughDiskSpace"],
  "inodes-used-up": ["DiskFull"],
  "files-removed": ["WriteError"],
  "descriptors-few": ["WriteError", "CaptureError", "PermissionDenied"],
  "memory-tight": ["NotEnoughMemory", "CaptureError"],
  "disk-errors": ["WriteError"],
  "disk-read-only": ["WriteError"],
  "hostmount-gone": ["WriteError"],
};

/** Faults in which the disk works, and there is no room for what is to be written. */
const WITHOUT_ROOM: readonly FaultKind[] = ["disk-full", "inodes-used-up", "descriptors-few"];

/** Faults after which a capture of that target has nothing left to capture on. */
const END_OF_TARGET: readonly FaultKind[] = [
  "interface-deleted",
  "pod-deleted",
  "pod-replaced",
  "pod-network-gone",
];

/** The reasons that would be true. */
export function rightEnds(capture: CaptureSeen, seen: Observation): Set<string> {
  const started = capture.manifest?.startTime;
  const natural = naturalEnd(capture);
  const met = seen.injections.filter(
    (injection) => concerns(injection, capture) && injection.from < natural + stillMet(injection),
  );
  // One that was over by then, or just as its target went, may have had its end before.
  const over = Math.min(natural, capture.manifest?.endTime ?? natural);
  // One that began later found its target there again.
  const ended = met.some(
    ({ kind, from, doneAt = from, to }) =>
      END_OF_TARGET.includes(kind) &&
      doneAt < over - CLOSE &&
      !(started !== undefined && started > to) &&
      !couldNotHear(seen, doneAt, natural, keptFromHearing(kind)),
  );
  const right = new Set<string>(ended ? [] : ends(capture, natural));
  for (const { kind } of met) for (const reason of OTHER_ENDS[kind] ?? []) right.add(reason);
  if (capture.stopAskedAt !== undefined && couldNotHear(seen, capture.stopAskedAt, natural))
    right.add("TimeElapsed");
  // Whatever became of its target: it was stopped before it began.
  if (capture.stopAskedAt !== undefined && started === undefined) right.add("Stopped");
  if (wasAwayAtTheStop(seen, capture, natural)) right.add("Stopped");
  if (wasAwayAtTheEnd(seen, started, natural)) right.add("Interrupted");
  return right;
}

/** Of an interface the engine hears itself, of a pod's network JavaScript does, and of a deleted pod by the API server. */
function keptFromHearing(kind: FaultKind): readonly FaultKind[] {
  if (kind === "interface-deleted") return ["agent-frozen"];
  return kind === "pod-deleted" ? DEAF : STANDING_STILL;
}

/** Milliseconds behind the end in which a fault may still turn it into another: files are closed on the disk. */
function stillMet({ kind }: Injection): number {
  return [...FAILING_DISK, ...WITHOUT_ROOM].includes(kind) ? CLOSING : 0;
}

/** By its own spec alone. */
function ends({ spec, stopAskedAt, manifest }: CaptureSeen, natural: Moment): string[] {
  const reached =
    manifest !== undefined && manifest.statistics.packets >= Number(spec.packetCount ?? Infinity);
  // It may have come to its number while what was left was taken in.
  if (reached && (manifest.endTime ?? 0) >= natural) return ["PacketCountReached", "TimeElapsed"];
  if (reached) return ["PacketCountReached"];
  if (stopAskedAt === undefined) return ["TimeElapsed"];
  return natural - stopAskedAt < CLOSE ? ["Stopped", "TimeElapsed"] : ["Stopped"];
}

/** When its time is over: as the spec says, from when it began. */
export function naturalEnd({ manifest, spec, createdAt }: CaptureSeen): Moment {
  return (manifest?.startTime ?? createdAt) + Number(spec.captureSeconds ?? 600) * 1000;
}

function concerns({ kind, capture }: Injection, { name, spec }: CaptureSeen): boolean {
  if (kind.startsWith("interface-")) return spec.targetNode !== undefined && spec.targetInterface !== "any";
  return capture === undefined || capture === name;
}

/** What was asked for while the agent could not hear of it, until the capture's time was over. */
function couldNotHear(
  { injections }: Observation,
  asked: Moment,
  natural: Moment,
  by: readonly FaultKind[] = DEAF,
): boolean {
  return injections.some(({ kind, from, to }) => {
    if (!by.includes(kind)) return false;
    const heard = to + (API_FAULTS.includes(kind) ? API_PATIENCE : CLOSE);
    return from < natural && asked >= from - CLOSE && asked < heard && natural < heard;
  });
}

/** Who comes back to what was stopped meanwhile cannot know what else had ended it by then. */
function wasAwayAtTheStop(
  { agentAway }: Observation,
  { stopAskedAt }: CaptureSeen,
  natural: Moment,
): boolean {
  if (stopAskedAt === undefined || stopAskedAt >= natural) return false;
  return agentAway.some(({ from, to }) => from <= stopAskedAt && stopAskedAt <= to);
}

/** The agent went while it ran, and could not be back at work before its time was over. */
function wasAwayAtTheEnd(seen: Observation, started: Moment | undefined, natural: Moment): boolean {
  return seen.agentAway.some((away) => {
    if (away.from >= natural + CLOSING || (started !== undefined && away.to < started)) return false;
    return backAtWork(seen, away) >= natural;
  });
}

function backAtWork({ injections }: Observation, away: Interval): Moment {
  const back = away.to + BACK_AT_WORK;
  const api = injections.filter(({ kind, from }) => API_FAULTS.includes(kind) && from < back);
  return Math.max(back, ...api.filter(({ to }) => to > away.from).map(({ to }) => to + API_PATIENCE));
}

/** From when its right end could be told: its time is over, or it was stopped, and nothing is disturbed. */
export function couldBeTold(capture: CaptureSeen, { injections, agentAway }: Observation): Moment {
  const over = capture.manifest?.endTime ?? Math.min(naturalEnd(capture), capture.stopAskedAt ?? Infinity);
  const disturbed = [...injections, ...agentAway].filter(({ from }) => from <= over + API_PATIENCE);
  return Math.max(over, ...disturbed.map(({ to }) => to));
}
