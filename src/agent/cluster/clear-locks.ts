import { lstatSync, readdirSync, rmdirSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import type { Native } from "../../capture/native.ts";
import { type LockFile, lockFiles } from "../../store/files/running-captures.ts";
import { captureFilePrefix, leftovers } from "../file-names.ts";

/**
 * At the start of an agent: one that died before a capture's first file, or just after its last word, has left
 * a lock that nobody holds. It goes, with what is hidden beside it, and the folder where nothing else is in it.
 */
export function clearLocks(
  native: Native,
  hostmount: string,
  node: string,
  say: (line: string) => void,
): void {
  for (const lockFile of lockFiles(hostmount)) {
    if (!isOwn(lockFile, node)) continue;
    try {
      clear(native, lockFile);
    } catch (error) {
      say(`${lockFile.path}: a lock that nobody holds could not be removed: ${(error as Error).message}`);
    }
  }
}

/** In one go, without a wait: a capture of this process cannot take the name meanwhile. */
function clear(native: Native, { folder, prefix, path }: LockFile): void {
  const lock = native.tryLock(path);
  if (lock === null) return;
  try {
    for (const name of leftovers(prefix, readdirSync(folder))) rmSync(join(folder, name), { force: true });
    rmSync(path, { force: true });
  } finally {
    lock.release();
  }
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Of the name that this node gives, and a plain file: what is not is a stranger's. */
function isOwn({ folder, prefix, path }: LockFile, node: string): boolean {
  const epoch = Number(/\.(\d{1,11})$/.exec(prefix)?.[1] ?? Number.NaN);
  if (prefix !== captureFilePrefix(node, basename(folder), epoch)) return false;
  return lstatSync(path, { throwIfNoEntry: false })?.isFile() === true;
}
