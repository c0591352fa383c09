import type { Interval } from "./observation.ts";

/** What is left of `whole` without the holes, in order. */
export function without(whole: Interval, holes: readonly Interval[]): Interval[] {
  let left: Interval[] = whole.to > whole.from ? [whole] : [];
  for (const hole of holes) {
    left = left.flatMap((part) => {
      if (hole.to <= part.from || hole.from >= part.to) return [part];
      const parts = [
        { from: part.from, to: hole.from },
        { from: hole.to, to: part.to },
      ];
      return parts.filter(({ from, to }) => to > from);
    });
  }
  return left;
}

/** Each interval `by` milliseconds shorter at both ends (longer where it is negative). */
export function shrunk(intervals: readonly Interval[], by: number): Interval[] {
  return intervals
    .map(({ from, to }) => ({ from: from + by, to: to - by }))
    .filter(({ from, to }) => to > from);
}

export function isWithin({ from, to }: Interval, intervals: readonly Interval[]): boolean {
  return intervals.some((interval) => from >= interval.from && to <= interval.to);
}

export function overlaps(a: Interval, b: Interval): boolean {
  return a.from < b.to && b.from < a.to;
}
