import { type BackoffRange, jitteredDelay } from "../../kubernetes/backoff.ts";
import type { StopRequest } from "../session.ts";

/** One piece of work a key at a time; what happens meanwhile makes it look again. */
export interface Workers {
  /** Something changed about `key`: work on it, or look again when the work at hand is done. */
  wake(key: string): void;
  /** Asks the work on `key` to end. @returns whether there is any */
  stop(key: string, request: StopRequest): boolean;
  isAtWork(key: string): boolean;
  /** Asks all to end, takes no more, and waits. */
  close(request: StopRequest): Promise<void>;
}

/** Milliseconds between two tries of work that fails. */
const RETRY: BackoffRange = { first: 1000, most: 60_000 };

/** A key whose work has failed. */
interface Failed {
  /** In a row. */
  times: number;
  timer: NodeJS.Timeout;
}

/**
 * `work` drives one key as far as it goes now; it is called again after a wake-up that came meanwhile. What
 * it throws is told to `onError`, and it is called again a while later, each time longer: nobody else would
 * wake a capture that stands still.
 * @param random 0 ≤ random < 1
 */
export function createWorkers(
  work: (key: string, stop: AbortSignal) => Promise<void>,
  onError: (key: string, error: Error) => void,
  random: () => number = Math.random,
): Workers {
  const atWork = new Map<string, { stop: AbortController; again: boolean; done: Promise<void> }>();
  const failed = new Map<string, Failed>();
  let closed = false;

  const run = async (key: string, stop: AbortController): Promise<void> => {
    let isDone = false;
    try {
      await work(key, stop.signal);
      isDone = true;
      failed.delete(key);
    } catch (error) {
      onError(key, error instanceof Error ? error : new Error(String(error)));
    }
    const again = atWork.get(key)?.again === true;
    atWork.delete(key);
    // What woke it meanwhile may have been its own doing: it would fail again and again without a pause.
    if (!isDone) retryLater(key);
    else if (again) wake(key);
  };

  const retryLater = (key: string): void => {
    if (closed) return;
    const times = failed.get(key)?.times ?? 0;
    const delay = RETRY.first / 2 + jitteredDelay(times, RETRY, random());
    failed.set(key, { times: times + 1, timer: setTimeout(wake, delay, key) });
  };

  const wake = (key: string): void => {
    const current = atWork.get(key);
    if (current !== undefined) current.again = true;
    else if (!closed) {
      clearTimeout(failed.get(key)?.timer);
      const stop = new AbortController();
      const entry = { stop, again: false, done: Promise.resolve() };
      atWork.set(key, entry);
      entry.done = run(key, stop);
    }
  };

  return {
    wake,
    stop: (key, request) => {
      const current = atWork.get(key);
      if (current !== undefined && !current.stop.signal.aborted) current.stop.abort(request);
      return current !== undefined;
    },
    isAtWork: (key) => atWork.has(key),
    close: async (request) => {
      closed = true;
      for (const { timer } of failed.values()) clearTimeout(timer);
      const all = [...atWork.values()];
      for (const { stop } of all) if (!stop.signal.aborted) stop.abort(request);
      await Promise.all(all.map(({ done }) => done));
    },
  };
}
