/** Each transition is told once. */

import { API_FAULTS } from "./ends.ts";
import { endSeenAt } from "./judge-history.ts";
import type { CaptureSeen, Finding, Moment, Observation } from "./observation.ts";

/** Milliseconds that an Event may take behind the status it tells of. */
const DELAY = 5000;

export function judgeEvents(capture: CaptureSeen, seen: Observation): Finding[] {
  if (capture.deletedAt !== undefined) return [];
  const found: string[] = [];
  const times = (reason: string) =>
    capture.events.filter((event) => event.reason === reason).reduce((sum, { count }) => sum + count, 0);
  const statuses = capture.history.flatMap(({ at, status }) =>
    status === undefined ? [] : [{ at, status }],
  );
  const end = statuses.at(-1)?.status;
  const firsts = new Map<string, Moment>();
  for (const { at, status } of statuses) {
    if (status.progress === "scheduled" && !firsts.has("Scheduled")) firsts.set("Scheduled", at);
    if (status.progress === "running" && !firsts.has("Running")) firsts.set("Running", at);
  }
  const ended = endSeenAt(capture);
  if (ended !== undefined && end?.reason !== undefined) firsts.set(end.reason, ended);
  for (const [reason, at] of firsts) {
    if (times(reason) === 0 && !mayBeMissing(at, seen))
      found.push(`${reason} was seen, and no Event tells it`);
    if (times(reason) > 1) found.push(`${reason} is told ${times(reason)} times`);
  }
  const resumes = end?.resumes ?? 0;
  if (times("Resumed") > resumes) found.push(`Resumed is told ${times("Resumed")} times of ${resumes}`);
  return found.map((text) => ({ rule: "events", kind: "untrue", capture: capture.name, text }));
}

/** An agent that dies just then takes the Event with it: its next life does not know whether it was told. */
function mayBeMissing(at: Moment, { agentAway, injections }: Observation): boolean {
  const waits = injections.filter(
    ({ kind, from, to }) => API_FAULTS.includes(kind) && from <= at + DELAY && to >= at - DELAY,
  );
  const until = Math.max(at + DELAY, ...waits.map(({ to }) => to + 35_000));
  return agentAway.some(({ from, to }) => from <= until && to >= at - DELAY);
}
