import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as breathe } from "node:timers/promises";

const BLOCK_BYTES = 512n;
/** System calls between two turns of the event loop; a few milliseconds' worth. */
const ENTRIES_PER_TURN = 2000;

/**
 * Bytes allocated below `folder`, as `du -sx` counts: blocks not lengths, a hard link once, no symbolic
 * link followed, no other file system entered. Files that go while it looks count nothing.
 */
export async function diskUsage(folder: string): Promise<number> {
  const top = statOrGone(folder);
  if (top === undefined) return 0;
  const linked = new Set<bigint>();
  const folders = [folder];
  let blocks = top.blocks;
  let entries = 0;
  for (let next = folders.pop(); next !== undefined; next = folders.pop()) {
    for (const name of namesOrNone(next)) {
      entries += 1;
      if (entries % ENTRIES_PER_TURN === 0) await breathe();
      const path = join(next, name);
      const found = statOrGone(path);
      if (found === undefined || found.dev !== top.dev || wasCounted(found, linked)) continue;
      blocks += found.blocks;
      if (found.isDirectory()) folders.push(path);
    }
  }
  return Number(blocks * BLOCK_BYTES);
}

/** Bytes allocated for one file; 0 where it is gone. */
export function allocatedBytes(path: string): number {
  const found = statOrGone(path);
  return found === undefined ? 0 : Number(found.blocks * BLOCK_BYTES);
}

function wasCounted(found: BigIntStats, linked: Set<bigint>): boolean {
  if (found.nlink < 2n || found.isDirectory()) return false;
  if (linked.has(found.ino)) return true;
  linked.add(found.ino);
  return false;
}

function statOrGone(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function namesOrNone(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
