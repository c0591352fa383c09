import { createHash } from "node:crypto";
import type { CaptureEvent } from "../store/capture-store.ts";
import { type KubernetesApi, KubernetesError } from "./api.ts";
import { createBackoff } from "./backoff.ts";

/** What an Event is about. */
export interface EventSubject {
  apiVersion: string;
  kind: string;
  namespace: string;
  name: string;
  uid: string;
}

export interface EventRecorder {
  /** Never throws and never waits: an Event that cannot be told must not hold up a capture. */
  record(subject: EventSubject, event: CaptureEvent): void;
}

/** The API's limit for a message, in characters. */
const LONGEST_MESSAGE = 1024;
/** More than this while the API is away, and the oldest are given up. */
const MOST_WAITING = 1000;

interface Waiting {
  path: string;
  body: unknown;
}

/**
 * core/v1 Events, one for each transition: the name follows from what is told, so that telling it twice is
 * no second Event. They are sent one after the other; while the API is away they wait.
 */
export function createEventRecorder(api: KubernetesApi, node: string, signal: AbortSignal): EventRecorder {
  const waiting: Waiting[] = [];
  let sending = false;

  const send = async (): Promise<void> => {
    if (sending) return;
    sending = true;
    const backoff = createBackoff(signal);
    for (let next = waiting[0]; next !== undefined && !signal.aborted; next = waiting[0]) {
      try {
        await api.create(next.path, next.body);
      } catch (error) {
        if (isPassing(error)) {
          await backoff.wait(error.retryAfter);
          continue;
        }
        // It is there already, or nobody may ever write it (the namespace is gone): told is told.
      }
      backoff.reset();
      if (waiting[0] === next) waiting.shift();
    }
    sending = false;
  };

  return {
    record: (subject, event) => {
      waiting.push({
        path: `/api/v1/namespaces/${subject.namespace}/events`,
        body: eventObject(subject, event, node, api.now()),
      });
      if (waiting.length > MOST_WAITING) waiting.shift();
      void send();
    },
  };
}

function isPassing(error: unknown): error is KubernetesError {
  if (!(error instanceof KubernetesError)) return false;
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

function eventObject(subject: EventSubject, event: CaptureEvent, node: string, now: number): unknown {
  const { reason, message, type } = event;
  const hash = createHash("sha256").update(`${subject.uid} ${reason} ${message}`).digest("hex").slice(0, 16);
  const time = new Date(now).toISOString();
  const { namespace } = subject;
  return {
    apiVersion: "v1",
    kind: "Event",
    // The API allows a name of 253 characters.
    metadata: { namespace, name: `${subject.name.slice(0, 230)}.${hash}` },
    involvedObject: subject,
    type,
    reason,
    message: message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`,
    source: { component: "pcapper", host: node },
    reportingComponent: "pcapper.agent",
    reportingInstance: node.slice(0, 128),
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
}
