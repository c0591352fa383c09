import { largest } from "../../largest.ts";
import type { Manifest, ManifestFile } from "./manifest.ts";

/**
 * Numbers at most. The engine creates no file under a number that the manifest on disk has not reserved, which are 64
 * ahead, and up to 6,249 where the ring is large: more is a manifest that is not true.
 */
const MOST_UNSEEN = 10_000;

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
  const newest = largest(there, empty ?? 0);
  const first = Math.max(1, current.number - unlisted, newest - MOST_UNSEEN);
  const numbers: number[] = [];
  for (let number = first; number < newest; number += 1) {
    if (!there.has(number)) numbers.push(number);
  }
  return numbers;
}
