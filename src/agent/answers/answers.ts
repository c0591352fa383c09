import type { PacketCapture } from "../../api/resource.ts";
import { type KubernetesApi, KubernetesError } from "../../kubernetes/api.ts";
import type { Log } from "../../log.ts";
import type { CaptureStore } from "../../store/capture-store.ts";
import type { AgentSettings } from "../agent-settings.ts";
import { answerFor, type ObserverKnowledge } from "./answer.ts";
import { createPendingAnswers } from "./pending-answers.ts";
import { createSight } from "./sight.ts";
import { startStaleLooks } from "./stale-look.ts";

export interface AnswersWorld {
  api: Pick<KubernetesApi, "get" | "list" | "patchMerge" | "lastSeen">;
  store: Pick<CaptureStore, "recordEvent">;
  settings: Pick<AgentSettings, "node" | "targetWait" | "watchNamespace">;
  /** The API server's time, ms since 1970. */
  now(): number;
  /** Of the same clock as `api.lastSeen`, ms. */
  monotonic(): number;
  /** When this process was last found to have stood still, by that clock; -Infinity = never. */
  lastFreeze(): number;
  /** 0 ≤ random < 1 */
  random(): number;
  log: Log;
}

/** An answer for every capture whose agent gives none. */
export interface Answers {
  /** Captures without an owner, as a reflector has them; `undefined`: it is none any more. */
  observe(uid: string, capture: PacketCapture | undefined): void;
  /** A watch or list failed: what happens until the API is back goes unseen, and all waits begin anew. */
  lostSight(): void;
  close(): void;
}

/**
 * Any agent may answer, and all see the same: each waits for TARGET_WAIT, then a weighted random time, and
 * hears by its watch when another was first. Captures with an owner are not watched (their statistics never
 * reach other agents): those whose agent is gone are found by rare lists, and answered in the same way.
 * Before a word is written, capture and target are read afresh and it is decided again.
 */
export function createAnswers(world: AnswersWorld): Answers {
  const { api, settings, now, monotonic, lastFreeze, random } = world;
  const sight = createSight(api.lastSeen, monotonic, lastFreeze);

  const knowledge = (): ObserverKnowledge => {
    const time = now();
    const since = sight.since();
    return {
      node: settings.node,
      now: time,
      sightSince: Number.isFinite(since) ? time - (monotonic() - since) : time,
      targetWait: settings.targetWait * 1000,
    };
  };

  const isInSight = (): boolean => Number.isFinite(sight.since());
  const onError = (error: unknown): void => {
    if (isAway(error)) sight.lost();
  };
  const pending = createPendingAnswers(world, { knowledge, isInSight, onError });
  const looks = startStaleLooks({
    api,
    namespace: settings.watchNamespace,
    node: settings.node,
    targetWait: settings.targetWait,
    random,
    onCapture: (capture) => {
      // One that is not due yet is found again.
      if (answerFor(capture, knowledge()).say !== "answer") return;
      pending.begin(capture.metadata.uid ?? "", capture);
    },
    onError,
  });

  return {
    observe: (uid, capture) => {
      if (capture === undefined || capture.status?.progress !== undefined) pending.end(uid, capture);
      else pending.begin(uid, capture);
    },
    lostSight: sight.lost,
    close: () => {
      pending.close();
      looks.close();
      sight.close();
    },
  };
}

/** Out of reach, or not able to answer: then owners cannot speak either. */
function isAway(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 0 || error.status >= 500);
}
