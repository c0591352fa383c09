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
 * @param lastFreeze when this process was last found to have stood still: what it saw before is of long ago
 */
export function createSight(
  lastSeen: () => number,
  monotonic: () => number,
  lastFreeze: () => number,
): Sight {
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

  const lose = (at: number): void => {
    lostAt = at;
    since = Number.POSITIVE_INFINITY;
    look();
  };

  look();
  return {
    since: () => {
      const frozen = lastFreeze();
      if (frozen > lostAt) lose(frozen);
      check();
      return since;
    },
    lost: () => lose(monotonic()),
    close: () => clearInterval(timer),
  };
}
