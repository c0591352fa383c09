import { readdirSync, rmdirSync, type Stats } from "node:fs";
import { lstat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Native } from "../../capture/native.ts";
import { type CapturePlace, reopenPlace } from "../../store/files/capture-place.ts";
import { isFullDisk } from "../../store/files/durable.ts";
import type { KeptCapture } from "./kept-captures.ts";
import { namesToRemove } from "./removal-plan.ts";

/**
 * Removes the files of one capture, one by one, and its folder when nothing else is in it. Only plain files:
 * a symbolic link or a folder of that name is not ours. Under the capture's lock: who repairs or captures has it.
 * @returns false, and nothing is removed, where somebody else has the lock
 * @throws where a file cannot be removed
 */
export async function removeFiles(native: Pick<Native, "tryLock">, kept: KeptCapture): Promise<boolean> {
  const { folder, prefix, manifest } = kept;
  const lock = lockOf(native, kept);
  if (lock === undefined) return false;
  try {
    for (const name of namesToRemove(prefix, manifest, readdirSync(folder))) {
      const path = join(folder, name);
      if ((await statOf(path))?.isFile() === true) await unlink(path);
    }
  } finally {
    lock.close();
  }
  try {
    // Not left to a thread: a new capture of this name makes the folder and its first file in one go.
    rmdirSync(folder);
  } catch {
    // Others' files are in it.
  }
  return true;
}

/** A disk without room for one more name has none for another's lock either, and must be cleared all the same. */
function lockOf(
  native: Pick<Native, "tryLock">,
  { folder, prefix }: KeptCapture,
): Pick<CapturePlace, "close"> | undefined {
  try {
    return reopenPlace(native, folder, prefix);
  } catch (error) {
    if (isFullDisk(error)) return { close: () => undefined };
    throw error;
  }
}

/** Modification times of a capture's files, ms since 1970. */
export async function writtenTimes({ folder, prefix, manifest }: KeptCapture): Promise<number[]> {
  const names = namesToRemove(prefix, manifest, readdirSync(folder));
  const stats = await Promise.all(names.map((name) => statOf(join(folder, name))));
  return stats.flatMap((found) => (found?.isFile() === true ? [found.mtimeMs] : []));
}

async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
