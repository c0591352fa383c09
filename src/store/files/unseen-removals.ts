import type { Manifest, ManifestFile } from "./manifest.ts";

/**
 * Numbers of files that the ring of a dead capture has removed since its last manifest: nobody knows how many packets
 * were in them, or (the one that was being written then) how many more than published.
 * @param files what is on the disk
 * @param empty number of the newest file, where that was empty and went in the repair: the ring had come to it
 */
export function unseenRemovals(
  manifest: Manifest,
  files: readonly ManifestFile[],
  empty: number | undefined,
): number[] {
  const { current, statistics } = manifest;
  if (current === undefined) return [];
  // Beside those listed there were some whose sync was not over: the ones just before the current one.
  const unlisted = Math.max(0, (statistics.files ?? 0) - manifest.files.length - 1);
  const there = new Set(files.map(({ number }) => number));
  const newest = Math.max(empty ?? 0, ...there);
  const numbers: number[] = [];
  for (let number = current.number - unlisted; number < newest; number += 1) {
    if (!there.has(number)) numbers.push(number);
  }
  return numbers;
}
