import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import { isFinal } from "../progress.ts";
import { lostFrom } from "./agent-lost.ts";
import { specProblem } from "./spec-problem.ts";
import { explain, lastPodChange, type TargetFound } from "./target-found.ts";

/** What an observer knows beside the capture. Times are the API server's, in ms since 1970. */
export interface ObserverKnowledge {
  /** The observer's own node. */
  node: string;
  now: number;
  /** Since when it sees the API without a break. What it did not see, it does not judge. */
  sightSince: number;
  /** Milliseconds. */
  targetWait: number;
  /** What a look at the target just now has found; absent = nobody has looked. */
  target?: TargetFound;
}

/** A final word on a capture that has no agent to say it. */
export interface Answer {
  reason: "InvalidSpec" | "TargetNotFound" | "NoAgent" | "AgentLost";
  message: string;
}

export type Verdict =
  /** It is over, being deleted, or somebody's who will answer. */
  | { say: "nothing" }
  /** Not before this time. */
  | { say: "wait"; until: number }
  /** Look at the target first. */
  | { say: "look" }
  | { say: "answer"; answer: Answer };

const NOTHING: Verdict = { say: "nothing" };

/** An agent needs a moment to see a pod that has just begun to run. */
const CLAIM_TIME = 5000;

/** Whether a capture needs an answer from somebody who does not own it, when, and which. */
export function answerFor(capture: PacketCapture, known: ObserverKnowledge): Verdict {
  const { metadata, status } = capture;
  if (metadata.deletionTimestamp !== undefined || isFinal(status?.progress)) return NOTHING;
  if (status?.progress === undefined) return answerUnclaimed(capture, known);
  // An agent knows best itself what it is doing, also right after its start.
  if (status.node === known.node) return NOTHING;
  const from = Math.max(lostFrom(capture, known.targetWait), known.sightSince + known.targetWait);
  if (known.now < from) return { say: "wait", until: from };
  const heard = status.statistics?.lastUpdateTime ?? status.startTime ?? status.scheduledTime;
  const message = `The agent of node ${status.node} has not ended the capture, well past its end: it is gone. It last reported at ${heard}; what it wrote until it died is left on its node.`;
  return { say: "answer", answer: { reason: "AgentLost", message } };
}

function answerUnclaimed(capture: PacketCapture, known: ObserverKnowledge): Verdict {
  const { now, sightSince, targetWait } = known;
  const problem = specProblem(capture);
  if (problem !== undefined) return { say: "answer", answer: { reason: "InvalidSpec", message: problem } };
  const created = Date.parse(capture.metadata.creationTimestamp ?? "") || 0;
  const from = Math.max(created, sightSince) + targetWait;
  if (now < from) return { say: "wait", until: from };
  if (known.target === undefined) return { say: "look" };
  const { target } = planCapture(capture.spec);
  const { message, ...explained } = explain(target, known.target, targetWait / 1000);
  if (explained.reason === "NoAgent") {
    // This agent is that agent, and at work.
    if (explained.node === known.node) return { say: "wait", until: now + targetWait };
    const claimable = known.target.kind === "pod" ? lastPodChange(known.target.pod) + CLAIM_TIME : 0;
    // No longer than one more wait: a pod's status may change for ever.
    if (now < claimable && now < from + targetWait) return { say: "wait", until: claimable };
  }
  return { say: "answer", answer: { reason: explained.reason, message } };
}
