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

/**
 * `work` drives one key as far as it goes now; it is called again after a wake-up that came meanwhile. What
 * it throws is told to `onError`, and the key waits for its next wake-up.
 */
export function createWorkers(
  work: (key: string, stop: AbortSignal) => Promise<void>,
  onError: (key: string, error: Error) => void,
): Workers {
  const atWork = new Map<string, { stop: AbortController; again: boolean; done: Promise<void> }>();
  let closed = false;

  const run = async (key: string, stop: AbortController): Promise<void> => {
    try {
      await work(key, stop.signal);
    } catch (error) {
      onError(key, error instanceof Error ? error : new Error(String(error)));
    }
    const again = atWork.get(key)?.again === true;
    atWork.delete(key);
    if (again) wake(key);
  };

  const wake = (key: string): void => {
    const current = atWork.get(key);
    if (current !== undefined) current.again = true;
    else if (!closed) {
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
      const all = [...atWork.values()];
      for (const { stop } of all) if (!stop.signal.aborted) stop.abort(request);
      await Promise.all(all.map(({ done }) => done));
    },
  };
}
