import type { KubernetesApi } from "./api.ts";
import { type Backoff, type BackoffRange, createBackoff } from "./backoff.ts";
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

/**
 * So often in a row a namespace may answer 403, over some ten seconds: an API server that has just started does so until
 * it knows its roles. A right that is really missing (also in a namespace that is being torn down) holds up no others.
 */
const MOST_REFUSALS = 8;

/** While the API is away this many wait in each namespace; older ones make room for newer ones. */
const MOST_WAITING = 1000;

interface Waiting {
  subject: EventSubject;
  facts: EventFacts;
  path: string;
  body: ReturnType<typeof eventObject>;
}

/** Events about the objects of one namespace, which may refuse what others take. */
interface Queue {
  waiting: Waiting[];
  /** Answers of 403 since the last Event that was taken. */
  refusals: number;
  sending?: Promise<void>;
}

/** One at a time and in order in each namespace, each until it is there: what happens in a burst becomes no storm. */
export function createEventRecorder(
  api: Pick<KubernetesApi, "create" | "now" | "onReturn">,
  node: string,
  signal: AbortSignal,
  { onLost, backoff: range }: EventRecorderOptions = {},
): EventRecorder {
  const queues = new Map<string, Queue>();

  const begin = (namespace: string): Queue => {
    const queue: Queue = { waiting: [], refusals: 0 };
    queues.set(namespace, queue);
    return queue;
  };

  const sendAll = async (namespace: string, queue: Queue): Promise<void> => {
    const { waiting } = queue;
    const backoff = createBackoff(signal, { onReturn: api.onReturn, range });
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      await send(queue, next, backoff).catch((error: unknown) => lost(next, error));
    }
    // In the same breath as the last look at the queue: nothing may be added between them.
    queues.delete(namespace);
  };

  const send = async (queue: Queue, { path, body }: Waiting, backoff: Backoff): Promise<void> => {
    for (;;) {
      const failure = await failureOf(() => api.create(path, body));
      if (failure === undefined) {
        queue.refusals = 0;
        return backoff.reset();
      }
      if (!isTransient(failure)) throw failure;
      if (failure.status === 403) {
        if (queue.refusals >= MOST_REFUSALS) throw failure;
        queue.refusals += 1;
      }
      await backoff.wait(failure);
    }
  };

  const lost = ({ subject, facts }: Waiting, error: unknown): void => {
    onLost?.(subject, facts, error instanceof Error ? error.message : String(error));
  };

  return {
    record: (subject, facts) => {
      if (signal.aborted) return;
      const { namespace } = subject;
      const body = eventObject(subject, facts, node, api.now());
      const queue = queues.get(namespace) ?? begin(namespace);
      const { waiting } = queue;
      if (waiting.some((other) => other.body.metadata.name === body.metadata.name)) return;
      waiting.push({ subject, facts, path: `/api/v1/namespaces/${namespace}/events`, body });
      const oldest = waiting.length > MOST_WAITING ? waiting.shift() : undefined;
      if (oldest !== undefined) lost(oldest, "too many Events wait for the API server");
      queue.sending ??= sendAll(namespace, queue);
    },
    drained: async () => {
      await Promise.all([...queues.values()].map(({ sending }) => sending));
    },
  };
}

/** An Event that is there already is as good as sent. */
async function failureOf(create: () => Promise<unknown>): Promise<unknown> {
  try {
    await create();
  } catch (error) {
    if (!(error instanceof KubernetesError && error.reason === "AlreadyExists")) return error;
  }
  return undefined;
}
