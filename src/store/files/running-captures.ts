import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { CaptureNeeds } from "../../agent/limits.ts";
import type { Native } from "../../capture/native.ts";
import { allocatedBytes } from "./disk-usage.ts";
import { readPlainFile } from "./plain-file.ts";

/** What the captures that run in this output folder, of any process, have been promised. */
export interface RunningCaptures {
  count: number;
  /** Bytes they may still write: the worst case without what is on disk already. */
  promised: number;
  rings: number;
}

/** A lock file found in the folder of a capture. */
export interface LockFile {
  folder: string;
  prefix: string;
  path: string;
}

/** Bytes of a lock file at most: it holds two numbers. A larger one is not ours. */
export const LARGEST_LOCK = 4096;

/** The prefix of the capture that the lock file `name` belongs to; undefined where it is no such name. */
export function prefixOfLock(name: string): string | undefined {
  return /^\.([^.].*\.\d+)\.lock$/.exec(name)?.[1];
}

/** The lock files below `output`: one for each capture that runs or died. Cheap: two levels of names. */
export function lockFiles(output: string): LockFile[] {
  return foldersIn(output).flatMap((folder) =>
    namesIn(folder).flatMap((name) => {
      const prefix = prefixOfLock(name);
      return prefix === undefined ? [] : [{ folder, prefix, path: join(folder, name) }];
    }),
  );
}

/** Folders of captures below `output`; a symbolic link is none. */
export function foldersIn(output: string): string[] {
  try {
    return readdirSync(output, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => join(output, entry.name));
  } catch {
    return [];
  }
}

/** Call it under the start lock only: what is held for a moment to look is not mistaken for a capture. */
export function runningCaptures(native: Native, output: string): RunningCaptures {
  const sum: RunningCaptures = { count: 0, promised: 0, rings: 0 };
  for (const lockFile of lockFiles(output)) {
    const needs = promiseOf(lockFile.path);
    if (needs === undefined || !isHeld(native, lockFile.path)) continue;
    sum.count += 1;
    sum.rings += needs.ring;
    sum.promised += Math.max(0, needs.worstCase - bytesOnDisk(lockFile));
  }
  return sum;
}

/** undefined: it has not been let in yet, or says nothing that can be counted. */
function promiseOf(path: string): CaptureNeeds | undefined {
  try {
    const { worstCase, ring } = JSON.parse(readPlainFile(path, LARGEST_LOCK)) as Partial<CaptureNeeds>;
    return isSize(worstCase) && isSize(ring) ? { worstCase, ring } : undefined;
  } catch {
    return undefined;
  }
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** One that cannot be tried (EACCES, gone, no plain file) is nobody's promise to this process. */
function isHeld(native: Native, path: string): boolean {
  try {
    const lock = native.tryLock(path);
    lock?.release();
    return lock === null;
  } catch {
    return false;
  }
}

function bytesOnDisk({ folder, prefix }: LockFile): number {
  return namesIn(folder)
    .filter((name) => name.startsWith(`${prefix}.`))
    .reduce((bytes, name) => bytes + allocatedBytes(join(folder, name)), 0);
}

/** Names in a folder; none where it is gone or cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
