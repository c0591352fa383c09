/** The smallest of the numbers that `share` of them do not exceed (nearest rank). @throws RangeError for none */
export function percentile(numbers: readonly number[], share: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const found = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  if (found === undefined) throw new RangeError("a percentile of nothing");
  return found;
}
