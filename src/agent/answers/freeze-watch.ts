/** Whether this process stood still: stopped (SIGSTOP, a cgroup's freezer), or its machine suspended. */
export interface FreezeWatch {
  /** When the last freeze was noticed, monotonic ms, never before its end; -Infinity where there was none. */
  last(): number;
  close(): void;
}

/** Milliseconds between two looks at the clock. */
const TICK = 1000;
/** Milliseconds: a tick that is later was not only waiting for its turn. */
const LONGEST_GAP = 3000;

/**
 * Nothing fails while a process stands still: afterwards its timers go off all at once, and what it has seen
 * seems to be of just now.
 * @param monotonic of `performance.now()`, ms; it does not count the time of a suspended machine
 * @param boottime ms; it does (CLOCK_BOOTTIME)
 */
export function createFreezeWatch(monotonic: () => number, boottime: () => number): FreezeWatch {
  let tick = boottime();
  let last = Number.NEGATIVE_INFINITY;
  const look = (): void => {
    const now = boottime();
    if (now - tick > LONGEST_GAP) last = monotonic();
    tick = now;
  };
  const timer = setInterval(look, TICK).unref();
  return {
    // Whoever asks may be the first to run after the freeze.
    last: () => {
      look();
      return last;
    },
    close: () => clearInterval(timer),
  };
}
