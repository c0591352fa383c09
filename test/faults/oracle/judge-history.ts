/** What the API server showed of one capture, from its first moment to its last. */
import type { PacketCaptureStatus } from "../../../src/api/resource.ts";
import type { CaptureSeen, Finding, Moment, Observation } from "./observation.ts";

const ORDER = ["", "scheduled", "running", "finished", "failure"] as const;

export function isFinal(status: PacketCaptureStatus | undefined): boolean {
  return status?.progress === "finished" || status?.progress === "failure";
}

/** When its end was seen first; undefined while there is none. */
export function endSeenAt({ history }: CaptureSeen): Moment | undefined {
  return history.find(({ status }) => isFinal(status))?.at;
}

/** absent → scheduled → running → one end; one owner; counters only grow; an end stays as it is. */
export function judgeHistory(capture: CaptureSeen, { node }: Pick<Observation, "node">): Finding[] {
  const seen = capture.history.flatMap(({ status }) => (status === undefined ? [] : [status]));
  const steps = seen.slice(1).map((after, index) => ({ before: seen[index] ?? {}, after }));
  const owners = new Set(seen.flatMap((status) => status.node ?? []));
  const strange = [...owners].filter((owner) => owner !== node);
  const texts = [
    ...strange.map((owner) => `its owner was ${owner}, and its target is on ${node}`),
    ...steps.flatMap(({ before, after }) => [
      ...backwards(before, after),
      ...otherOwner(before, after),
      ...fewerPackets(before, after),
      ...changedEnd(before, after),
    ]),
  ];
  return texts.map((text) => ({ rule: "history", kind: "untrue", capture: capture.name, text }));
}

function backwards(before: PacketCaptureStatus, after: PacketCaptureStatus): string[] {
  const [from, to] = [ORDER.indexOf(before.progress ?? ""), ORDER.indexOf(after.progress ?? "")];
  return to < from ? [`progress went from ${before.progress} to ${after.progress ?? "nothing"}`] : [];
}

function otherOwner(before: PacketCaptureStatus, after: PacketCaptureStatus): string[] {
  if (before.node === undefined || before.node === after.node) return [];
  return [`its owner was ${before.node} and became ${after.node}`];
}

function fewerPackets(before: PacketCaptureStatus, after: PacketCaptureStatus): string[] {
  const [from, to] = [before.statistics?.packets ?? 0, after.statistics?.packets ?? 0];
  return to < from ? [`packets went from ${from} to ${to}`] : [];
}

/** Others may give an end for an agent that was away (AgentLost); what it has is then added. */
function changedEnd(before: PacketCaptureStatus, after: PacketCaptureStatus): string[] {
  if (!isFinal(before)) return [];
  const fields = ["progress", "reason", "endTime", "startTime"] as const;
  return fields
    .filter((field) => before[field] !== after[field] && before[field] !== undefined)
    .map((field) => `after its end ${field} was ${before[field]} and became ${after[field]}`);
}
