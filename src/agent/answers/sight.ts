/** Since when the API is seen without a break. */
export interface Sight {
  /** Monotonic ms; Infinity while it is out of sight. */
  since(): number;
  /** A watch or a read failed because the API is away. */
  lost(): void;
  close(): void;
}

/** Milliseconds. */
const CHECK_EVERY = 1000;

/**
 * @param lastSeen when the API last answered, monotonic ms
 * @param monotonic the same clock, now
 */
export function createSight(lastSeen: () => number, monotonic: () => number): Sight {
  let lostAt = Number.NEGATIVE_INFINITY;
  let since = Number.POSITIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  const check = (): void => {
    const seen = lastSeen();
    if (since !== Number.POSITIVE_INFINITY || seen <= lostAt) return;
    since = seen;
    clearInterval(timer);
  };

  const look = (): void => {
    clearInterval(timer);
    // Noticed late, sight counts from later than it might: rather too long a wait than a wrong answer.
    timer = setInterval(check, CHECK_EVERY).unref();
  };

  look();
  return {
    since: () => {
      check();
      return since;
    },
    lost: () => {
      lostAt = monotonic();
      since = Number.POSITIVE_INFINITY;
      look();
    },
    close: () => clearInterval(timer),
  };
}
