import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { FileLock, Native } from "../../capture/native.ts";

const RETRY_MILLISECONDS = 500;

/**
 * A node has one agent at work, whatever Kubernetes thinks: after a forced delete two run for a while. The
 * lock is held for life and goes with the process. `onWait` is called once where another agent has it.
 */
export async function takeNodeLock(
  native: Native,
  hostmount: string,
  onWait: () => void,
  signal: AbortSignal,
): Promise<FileLock> {
  const path = join(hostmount, ".pcapper-agent.lock");
  for (let waited = false; ; waited = true) {
    const lock = native.tryLock(path);
    if (lock !== null) return lock;
    if (!waited) onWait();
    await pause(RETRY_MILLISECONDS, undefined, { signal });
  }
}
