import type { PacketCaptureStatus } from "../api/resource.ts";
import { finalProgress } from "./progress.ts";

type Condition = NonNullable<PacketCaptureStatus["conditions"]>[number];

/** What a condition says; its transition time follows from the one before it. */
export type ConditionFacts = Omit<Condition, "lastTransitionTime">;

/** `conditions` with `facts` in place; the transition time moves only when the status does. */
export function withCondition(
  conditions: readonly Condition[],
  facts: ConditionFacts,
  time: string,
): Condition[] {
  const before = conditions.find((condition) => condition.type === facts.type);
  const lastTransitionTime = before?.status === facts.status ? before.lastTransitionTime : time;
  const others = conditions.filter((condition) => condition.type !== facts.type);
  return [...others, { ...facts, lastTransitionTime }];
}

/** The conditions of a capture that ended: as a Job has them, and whether there are files. */
export function finalConditions(
  before: readonly Condition[],
  end: { reason: string; message: string; filesLeft: number },
  time: string,
): Condition[] {
  const { reason, message, filesLeft } = end;
  const outcome = finalProgress(reason) === "finished" ? "Complete" : "Failed";
  const facts: ConditionFacts[] = [
    { type: "Finished", status: "True", reason, message },
    { type: outcome, status: "True", reason, message },
    filesCondition(filesLeft),
  ];
  return facts.reduce((conditions, fact) => withCondition(conditions, fact, time), [...before]);
}

/** Whether there are files on the node. */
export function filesCondition(filesLeft: number): ConditionFacts {
  const type = "FilesAvailable";
  return filesLeft > 0
    ? { type, status: "True", reason: "FilesKept", message: `Files on the node: ${filesLeft}.` }
    : { type, status: "False", reason: "NoFiles", message: "No file was left." };
}
