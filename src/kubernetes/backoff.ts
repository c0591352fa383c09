import { KubernetesError } from "./kubernetes-error.ts";
import type { Reach } from "./reach.ts";

/** Milliseconds. */
export interface BackoffRange {
  first: number;
  most: number;
}

const USUAL: BackoffRange = { first: 100, most: 30_000 };
/** Milliseconds: a server that is not there need not be spared for longer, and one that is back is to be noticed. */
const MOST_UNREACHED = 10_000;
/** Milliseconds over which those who waited come when the API is back: a thousand agents not all at once. */
const RETURN_SPREAD = 1500;

/** Full jitter: anything up to a bound that doubles with each attempt (0 for the first), in milliseconds. */
export function jitteredDelay(attempt: number, { first, most }: BackoffRange, random: number): number {
  return random * Math.min(most, first * 2 ** attempt);
}

export interface BackoffOptions {
  /** Says that the API is back: nobody waits much longer then. */
  onReturn?: Reach["onReturn"];
  range?: BackoffRange | undefined;
}

export interface Backoff {
  /**
   * Waits longer each time after `failure`, and at least as long as the server asked for; when the API is back
   * after it was out of reach, for a moment more.
   * @throws the signal's reason as soon as it is aborted
   */
  wait(failure?: unknown): Promise<void>;
  /** The next wait is a short one again. */
  reset(): void;
}

const NEVER: Reach["onReturn"] = () => () => undefined;

export function createBackoff(
  signal: AbortSignal,
  { onReturn = NEVER, range = USUAL }: BackoffOptions = {},
): Backoff {
  // Apart: what a server that has just come back refuses (410, 429) is refused for the first time.
  const attempts = { unreached: 0, refused: 0 };
  return {
    wait: async (failure) => {
      const { status, retryAfter } = failure instanceof KubernetesError ? failure : UNKNOWN;
      const kind = status === 0 ? "unreached" : "refused";
      const most = status === 0 ? Math.min(range.most, MOST_UNREACHED) : range.most;
      const delay = retryAfter + jitteredDelay(attempts[kind], { ...range, most }, Math.random());
      const over = performance.now() + delay;
      attempts[kind] += 1;
      // What a server asks for it gets, whoever else it has answered.
      const isBack = await pauseUntilReturn(delay, signal, retryAfter > 0 ? NEVER : onReturn);
      if (!isBack) return;
      const left = Math.max(0, over - performance.now());
      await pauseUntilReturn(Math.min(left, Math.random() * RETURN_SPREAD), signal, NEVER);
    },
    reset: () => {
      attempts.unreached = 0;
      attempts.refused = 0;
    },
  };
}

const UNKNOWN = { status: undefined, retryAfter: 0 };

/** @returns whether the API came back before the time was over */
function pauseUntilReturn(delay: number, signal: AbortSignal, onReturn: Reach["onReturn"]): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(resolve, delay, false);
  const forget = onReturn(() => resolve(true));
  return promise.finally(() => {
    clearTimeout(timer);
    forget();
    signal.removeEventListener("abort", abort);
  });
}
