import type { PacketCapture, PacketCaptureStatus } from "../../api/resource.ts";
import { isTransient, KubernetesError } from "../../kubernetes/kubernetes-error.ts";
import { capturePath } from "../../kubernetes/paths.ts";
import { type CaptureKey, keyOf } from "../../store/capture-store.ts";
import { type Answer, answerFor, type ObserverKnowledge, type Verdict } from "./answer.ts";
import { answeredStatus } from "./answer-status.ts";
import type { AnswersWorld } from "./answers.ts";
import { lookUpTarget } from "./look-up-target.ts";
import { weightedDelay } from "./weighted-delay.ts";
import { writeAnswer } from "./write-answer.ts";

/** Milliseconds over which the agents spread: with the look itself, an answer comes 15 s after the wait. */
const SPREAD = 12_000;
/** setTimeout takes no more. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** A capture that may need an answer, and when it is looked at again. */
interface Waiting extends CaptureKey {
  uid: string;
  timer: NodeJS.Timeout | undefined;
  /** On its way: sent, and not heard of yet whether it arrived. */
  sent: { answer: Answer; status: PacketCaptureStatus } | undefined;
}

export interface PendingAnswers {
  /** Does nothing for a capture that waits already. */
  begin(uid: string, capture: PacketCapture): void;
  /** Somebody has spoken, or the capture is gone. */
  end(uid: string, capture: PacketCapture | undefined): void;
  close(): void;
}

/** What the answers share with the search for lost captures. */
export interface ObserverView {
  knowledge(): ObserverKnowledge;
  /** The API can be seen now. */
  isInSight(): boolean;
  /** A request failed. */
  onError(error: unknown): void;
}

export function createPendingAnswers(world: AnswersWorld, view: ObserverView): PendingAnswers {
  const { api, settings, now, random, log } = world;
  const { knowledge, isInSight, onError } = view;
  const waiting = new Map<string, Waiting>();
  let closed = false;

  const isStill = (one: Waiting): boolean => !closed && waiting.get(one.uid) === one;

  const wakeAt = (one: Waiting, until: number, spread = SPREAD): void => {
    const delay = Math.max(0, until - now()) + weightedDelay(spread, random());
    waiting.set(one.uid, one);
    one.timer = setTimeout(() => void look(one), Math.min(delay, LONGEST_TIMER)).unref();
  };

  const end = (uid: string, capture: PacketCapture | undefined): void => {
    const one = waiting.get(uid);
    if (one === undefined) return;
    clearTimeout(one.timer);
    waiting.delete(uid);
    if (capture !== undefined && isOurs(capture, one)) tell(one, capture);
  };

  const later = (): number => now() + settings.targetWait * 1000;

  const look = async (one: Waiting): Promise<void> => {
    // A thousand agents with a hundred captures each must not meet an API server that is just coming back.
    if (!isInSight()) return wakeAt(one, later());
    try {
      const capture = await api.get<PacketCapture>(capturePath(one));
      const isThere = capture?.metadata.uid === one.uid;
      const verdict: Verdict = isThere ? await judge(capture) : { say: "nothing" };
      if (!isStill(one)) return;
      if (verdict.say === "wait") wakeAt(one, verdict.until);
      else if (isThere && verdict.say === "answer") await give(one, capture, verdict.answer);
      else end(one.uid, capture);
    } catch (error) {
      onError(error);
      if (isStill(one)) tryAgain(one, error);
    }
  };

  /** Decided on what is there now; the target is looked up only where the capture alone does not tell. */
  const judge = async (capture: PacketCapture): Promise<Verdict> => {
    const verdict = answerFor(capture, knowledge());
    if (verdict.say !== "look") return verdict;
    const target = await lookUpTarget(api, capture);
    return answerFor(capture, { ...knowledge(), target });
  };

  const give = async (one: Waiting, capture: PacketCapture, answer: Answer): Promise<void> => {
    const status = answeredStatus(capture, answer, now());
    one.sent = { answer, status };
    try {
      const written = await writeAnswer(api, capture, status);
      tell(one, written);
    } catch (error) {
      if (!isTransient(error)) one.sent = undefined;
      throw error;
    }
    end(one.uid, undefined);
  };

  /** Once, whether the watch or the write's own answer says first that it is there. */
  const tell = (one: Waiting, capture: PacketCapture): void => {
    if (one.sent === undefined) return;
    const { reason, message } = one.sent.answer;
    one.sent = undefined;
    world.store.recordEvent(capture, { type: "Warning", reason, message });
  };

  const tryAgain = (one: Waiting, error: unknown): void => {
    // Gone, or somebody else wrote first: another look tells.
    const isOvertaken = error instanceof KubernetesError && [404, 409].includes(error.status);
    if (!isOvertaken) {
      const { uid, namespace, name } = one;
      const message = error instanceof Error ? error.message : String(error);
      log.warn({ uid, namespace, name }, `No agent has claimed it, and it has no answer yet: ${message}`);
    }
    wakeAt(one, isOvertaken ? now() : later());
  };

  return {
    begin: (uid, capture) => {
      if (closed || waiting.has(uid)) return;
      const verdict = answerFor(capture, knowledge());
      if (verdict.say === "nothing") return;
      // The agent that a bad spec names has nobody to wait for.
      const isHere = verdict.say === "answer" && capture.spec?.targetNode === settings.node;
      const until = verdict.say === "wait" ? verdict.until : now();
      wakeAt({ uid, ...keyOf(capture), timer: undefined, sent: undefined }, until, isHere ? 0 : SPREAD);
    },
    end,
    close: () => {
      closed = true;
      for (const { timer } of waiting.values()) clearTimeout(timer);
      waiting.clear();
    },
  };
}

/** Whether what is there is what was sent, to the millisecond: of what has ended, no more than that is kept. */
function isOurs({ status = {} }: PacketCapture, { sent }: Waiting): boolean {
  const told = ["reason", "message", "endTime"] as const;
  return sent !== undefined && told.every((field) => status[field] === sent.status[field]);
}
