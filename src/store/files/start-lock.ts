import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FileLock, Native } from "../../capture/native.ts";

const RETRY_MILLISECONDS = 10;
const GIVE_UP_MILLISECONDS = 30_000;

/** Serialises the decisions of all processes that write to `output`: who counts, counts alone. */
export async function withStartLock<T>(native: Native, output: string, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock(native, join(output, ".pcapper.lock"));
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
