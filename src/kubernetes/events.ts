import type { KubernetesApi } from "./api.ts";
import { type BackoffRange, createBackoff } from "./backoff.ts";
import { type EventFacts, type EventSubject, eventObject } from "./event-object.ts";
import { isTransient, KubernetesError } from "./kubernetes-error.ts";

export interface EventRecorder {
  /** Never throws and never waits: an Event that cannot be told must not hold up a capture. */
  record(subject: EventSubject, facts: EventFacts): void;
  /** Resolves when nothing waits to be sent. */
  drained(): Promise<void>;
}

export interface EventRecorderOptions {
  /** Told about an Event that will never be there, and why. */
  onLost?(subject: EventSubject, facts: EventFacts, why: string): void;
  backoff?: BackoffRange;
}

/** While the API is away this many wait; older ones make room for newer ones. */
const MOST_WAITING = 1000;

interface Waiting {
  subject: EventSubject;
  facts: EventFacts;
  path: string;
  body: ReturnType<typeof eventObject>;
}

/** One at a time and in order, each until it is there: what happens in a burst becomes no storm. */
export function createEventRecorder(
  api: Pick<KubernetesApi, "create" | "now" | "onReturn">,
  node: string,
  signal: AbortSignal,
  { onLost, backoff: range }: EventRecorderOptions = {},
): EventRecorder {
  const backoff = createBackoff(signal, { onReturn: api.onReturn, range });
  const waiting: Waiting[] = [];
  let sending: Promise<void> | undefined;

  const sendAll = async (): Promise<void> => {
    try {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        await send(next).catch((error: unknown) => lost(next, error));
      }
    } finally {
      // In the same breath as the last look at the queue: nothing may be added between them.
      sending = undefined;
    }
  };

  const send = async ({ path, body }: Waiting): Promise<void> => {
    for (;;) {
      try {
        await api.create(path, body);
        return backoff.reset();
      } catch (error) {
        if (error instanceof KubernetesError && error.reason === "AlreadyExists") return backoff.reset();
        if (!worthAnotherTry(error)) throw error;
        await backoff.wait(error);
      }
    }
  };

  const lost = ({ subject, facts }: Waiting, error: unknown): void => {
    onLost?.(subject, facts, error instanceof Error ? error.message : String(error));
  };

  return {
    record: (subject, facts) => {
      if (signal.aborted) return;
      const body = eventObject(subject, facts, node, api.now());
      if (waiting.some((other) => other.body.metadata.name === body.metadata.name)) return;
      waiting.push({ subject, facts, path: `/api/v1/namespaces/${subject.namespace}/events`, body });
      const oldest = waiting.length > MOST_WAITING ? waiting.shift() : undefined;
      if (oldest !== undefined) lost(oldest, "too many Events wait for the API server");
      sending ??= sendAll();
    },
    drained: async () => sending,
  };
}

/** A right that is missing (403: also a namespace that is being torn down) must not hold up all others. */
function worthAnotherTry(error: unknown): error is KubernetesError {
  return isTransient(error) && error.status !== 403;
}
