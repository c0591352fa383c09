/** Whether what was sampled over a run is flat: the last third of it against the third before. Pure. */

/** What is sampled, and how much more the last third may have: a share of the third before, or so much. */
export interface Figure {
  name: string;
  /** How a third is told in one number: what it mostly was, or the least that it came down to. */
  by: "median" | "lowest";
  share: number;
  slack: number;
}

export interface Verdict {
  name: string;
  second: number;
  last: number;
  /** Of the whole run. */
  most: number;
  flat: boolean;
}

/** A tenth of all samples are lower: one odd sample does not matter. */
const LOWEST = 0.1;

/** @param values in the order they were taken, from the begin of the run; its first third is for warming up */
export function judgeFlat({ name, by, share, slack }: Figure, values: readonly number[]): Verdict {
  const third = Math.floor(values.length / 3);
  if (third < 3) throw new Error(`${name}: ${values.length} samples are too few to judge`);
  const part = by === "median" ? 0.5 : LOWEST;
  const second = quantile(values.slice(third, 2 * third), part);
  const last = quantile(values.slice(-third), part);
  const allowed = second + Math.max(second * share, slack);
  return { name, second, last, most: Math.max(...values), flat: last <= allowed };
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
}
