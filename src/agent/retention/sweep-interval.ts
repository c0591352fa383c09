/** Milliseconds. Each look reads every manifest on the node. */
const LONGEST = 600_000;
const SHORTEST = 5_000;

/**
 * Milliseconds between two looks for files that are too old: they go at most a quarter of their time late.
 * @param deleteOlderThan seconds
 */
export function sweepInterval(deleteOlderThan: number): number {
  return Math.min(LONGEST, Math.max(SHORTEST, deleteOlderThan * 250));
}
