import { mkdirSync, readdirSync, rmdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { captureFilePrefix, companionNames } from "../../agent/file-names.ts";
import type { CaptureNeeds } from "../../agent/limits.ts";
import type { FileLock, Native } from "../../capture/native.ts";
import { overwritePlainFile } from "./plain-file.ts";
import { unsafeFolder } from "./unsafe-folder.ts";

/** Where one capture puts its files, held by a lock for as long as it lives. */
export interface CapturePlace {
  folder: string;
  prefix: string;
  /** Lets other processes count what this capture may still write, and its ring. */
  promise(needs: CaptureNeeds): void;
  /** Frees the name: the lock file goes, where it can. Never throws. */
  close(): void;
}

/**
 * Makes the folder and takes the first free `NODE.NAME.EPOCH`, from `epochSeconds` on.
 * @throws Error, also NativeError, where the folder cannot be used
 */
export function openPlace(
  native: Native,
  output: string,
  capture: { node: string; name: string; epochSeconds: number },
): CapturePlace {
  const folder = join(output, capture.name);
  makeFolder(folder);
  try {
    return takeFirstFree(native, folder, capture);
  } catch (error) {
    removeEmpty(folder);
    throw error;
  }
}

/** Of a capture that cannot begin nothing stays; what others have put there does. */
function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // There is something in it, or the disk takes no change.
  }
}

function takeFirstFree(
  native: Native,
  folder: string,
  capture: { node: string; name: string; epochSeconds: number },
): CapturePlace {
  for (let epoch = capture.epochSeconds; ; epoch += 1) {
    const prefix = captureFilePrefix(capture.node, capture.name, epoch);
    const place = takeName(native, folder, prefix);
    if (place !== undefined) return place;
  }
}

/** The place of a capture that goes on; undefined where another process has it. */
export function reopenPlace(
  native: Pick<Native, "tryLock">,
  folder: string,
  prefix: string,
): CapturePlace | undefined {
  const lock = native.tryLock(join(folder, companionNames(prefix).lock));
  return lock === null ? undefined : heldPlace(folder, prefix, lock);
}

function makeFolder(folder: string): void {
  if (unsafeFolder(folder) === undefined) mkdirSync(folder, { recursive: true, mode: 0o750 });
  // Looked at again: somebody else may have been faster.
  const unsafe = unsafeFolder(folder);
  if (unsafe !== undefined) throw new Error(`${folder} cannot be used: ${unsafe}`);
}

/** A name is taken by its lock; looked at before and after, as another process may be doing the same. */
function takeName(native: Native, folder: string, prefix: string): CapturePlace | undefined {
  if (namesOf(folder, prefix).length > 0) return undefined;
  const names = companionNames(prefix);
  const lock = native.tryLock(join(folder, names.lock));
  if (lock === null) return undefined;
  const place = heldPlace(folder, prefix, lock);
  try {
    const found = namesOf(folder, prefix);
    if (found.length === 1 && found[0] === names.lock) return place;
  } catch (error) {
    // Nobody else would ever free it.
    place.close();
    throw error;
  }
  lock.release();
  return undefined;
}

function namesOf(folder: string, prefix: string): string[] {
  return readdirSync(folder).filter(
    (name) => name.startsWith(`${prefix}.`) || name.startsWith(`.${prefix}.`),
  );
}

function heldPlace(folder: string, prefix: string, lock: FileLock): CapturePlace {
  const lockPath = join(folder, companionNames(prefix).lock);
  return {
    folder,
    prefix,
    promise: (needs) => overwritePlainFile(lockPath, JSON.stringify(needs)),
    close: () => {
      try {
        unlinkSync(lockPath);
      } catch {
        // The folder is gone or read-only: a lock that nobody holds does no harm.
      }
      lock.release();
    },
  };
}
