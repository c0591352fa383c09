/** Observers the waiting times are made for; a tenth or ten times as many change little (RFC 5401, 3.2.4). */
const GROUP = 1000;
const LAMBDA = Math.log(GROUP) + 1;

/**
 * How long one of many observers waits, 0 to `window`: RFC 5401's exponentially distributed random backoff.
 * Most wait nearly the whole window and very few a short time, so that the first answer is heard before the
 * many would have said the same.
 * @param random 0 ≤ random < 1
 */
export function weightedDelay(window: number, random: number): number {
  const most = Math.exp(LAMBDA) - 1;
  return (window / LAMBDA) * Math.log(1 + random * most);
}
