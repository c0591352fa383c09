import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FileLock, Native } from "../../capture/native.ts";

const RETRY_MILLISECONDS = 10;
const GIVE_UP_MILLISECONDS = 30_000;

/** Who of this process was the last to ask for a lock, by its path: done when it has let go of it. */
const lastInLine = new Map<string, Promise<void>>();

/**
 * Serialises the decisions of all processes that write to `output`: who counts, counts alone. Those of this
 * process take turns in the order they came, however long that takes; another process is waited for 30 s.
 */
export async function withStartLock<T>(native: Native, output: string, work: () => Promise<T>): Promise<T> {
  const path = join(output, ".pcapper.lock");
  const before = lastInLine.get(path);
  const { promise: turn, resolve: letGo } = Promise.withResolvers<void>();
  lastInLine.set(path, turn);
  try {
    await before;
    return await withFileLock(native, path, work);
  } finally {
    letGo();
    if (lastInLine.get(path) === turn) lastInLine.delete(path);
  }
}

async function withFileLock<T>(native: Native, path: string, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock(native, path);
  try {
    return await work();
  } finally {
    lock.release();
  }
}

async function takeLock(native: Native, path: string): Promise<FileLock> {
  const giveUp = Date.now() + GIVE_UP_MILLISECONDS;
  for (;;) {
    const lock = native.tryLock(path);
    if (lock !== null) return lock;
    if (Date.now() > giveUp) {
      throw new Error(`another process has held ${path} for ${GIVE_UP_MILLISECONDS / 1000} s`);
    }
    await pause(RETRY_MILLISECONDS);
  }
}
