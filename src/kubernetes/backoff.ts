import { setTimeout as pause } from "node:timers/promises";

/** Milliseconds. */
export interface BackoffRange {
  first: number;
  most: number;
}

const USUAL: BackoffRange = { first: 100, most: 30_000 };

/** Full jitter: anything up to a bound that doubles with each attempt (0 for the first), in milliseconds. */
export function jitteredDelay(attempt: number, { first, most }: BackoffRange, random: number): number {
  return random * Math.min(most, first * 2 ** attempt);
}

export interface Backoff {
  /**
   * Waits longer each time, at least `atLeast` milliseconds (what a server asked for).
   * @throws AbortError as soon as the signal is aborted
   */
  wait(atLeast?: number): Promise<void>;
  /** The next wait is a short one again. */
  reset(): void;
}

export function createBackoff(signal: AbortSignal, range: BackoffRange = USUAL): Backoff {
  let attempt = 0;
  return {
    wait: async (atLeast = 0) => {
      const delay = atLeast + jitteredDelay(attempt, range, Math.random());
      attempt += 1;
      await pause(delay, undefined, { signal });
    },
    reset: () => {
      attempt = 0;
    },
  };
}
