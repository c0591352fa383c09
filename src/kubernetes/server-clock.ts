/** The API server's time, worked out from its Date headers and this process's monotonic clock. */
export interface ServerClock {
  /** An answer with `date` (ms, whole seconds) to what was sent at `sent` and received at `received` (monotonic ms). */
  observe(date: number, sent: number, received: number): void;
  /** Milliseconds since 1970 at the monotonic time `at`; undefined before the first answer. */
  at(at: number): number | undefined;
}

/** A Date header cuts off up to this much. */
const RESOLUTION = 1000;

/**
 * Each answer bounds the difference between the two clocks; the bounds of many leave little room. Bounds that
 * contradict each other mean that a clock was set, or that another server answered: then the newest counts.
 */
export function createServerClock(): ServerClock {
  let low = Number.NaN;
  let high = Number.NaN;
  return {
    observe: (date, sent, received) => {
      const from = date - received;
      const to = date + RESOLUTION - sent;
      const agrees = from <= high && to >= low;
      low = agrees ? Math.max(low, from) : from;
      high = agrees ? Math.min(high, to) : to;
    },
    at: (at) => (Number.isNaN(low) ? undefined : Math.round(at + (low + high) / 2)),
  };
}
