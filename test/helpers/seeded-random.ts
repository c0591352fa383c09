/** Random choices that are the same for the same seed: a case that failed can be had again. */
export interface Random {
  /** 0 ≤ number < 1 */
  next(): number;
  /** A whole number, 0 ≤ number < `end` */
  below(end: number): number;
  /** @throws Error where there is nothing to pick */
  pick<T>(from: readonly T[]): T;
  /** True about once in `times`. */
  onceIn(times: number): boolean;
}

/** mulberry32 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    pick: (from) => {
      const found = from[below(from.length)];
      if (found === undefined) throw new Error("nothing to pick from");
      return found;
    },
    onceIn: (times) => below(times) === 0,
  };
}
