import { accessSync, constants, lstatSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { byteSizeText } from "../byte-size.ts";
import type { Native } from "../capture/native.ts";
import { PcapperError, type Problem } from "../errors.ts";
import { unsafeFolder } from "../store/files/unsafe-folder.ts";

/** Files a capture makes beside its packets: folder, lock, status, manifest, drafts, reserve. */
const FILES_PER_CAPTURE = 8;

/** The absolute path of `folder`. @throws PcapperError where it begins at a current folder that was removed */
export function absoluteOutput(folder: string): string {
  try {
    return resolve(folder);
  } catch {
    const why = "the current folder is gone: write a path that begins with /";
    throw new PcapperError("PCAPPER_BAD_OUTPUT", `--output is "${folder}": ${why}`);
  }
}

/** What is wrong with writing to `folder`, found without writing; undefined where nothing is. */
export function outputProblem(
  native: Pick<Native, "fileSystemRoom">,
  folder: string,
  needs: { bytes: number; captures: number },
): Problem | undefined {
  try {
    const existing = nearestExisting(resolve(folder));
    const found = statSync(existing, { throwIfNoEntry: false });
    if (found === undefined) return bad(folder, `${existing} is a symbolic link to nothing`);
    if (!found.isDirectory()) return bad(folder, `${existing} is a file, and a folder is expected`);
    accessSync(existing, constants.W_OK | constants.X_OK);
    return roomProblem(native, folder, existing, needs);
  } catch (error) {
    return bad(folder, whyNotWritable(error as NodeJS.ErrnoException));
  }
}

/** What is wrong with DIR/NAME, the folder of one capture: as with any output, and it must be safe to write to. */
export function captureFolderProblem(
  native: Pick<Native, "fileSystemRoom">,
  folder: string,
  needs: { bytes: number; captures: number },
): Problem | undefined {
  try {
    const unsafe = unsafeFolder(folder);
    return unsafe === undefined ? outputProblem(native, folder, needs) : bad(folder, unsafe);
  } catch (error) {
    return bad(folder, whyNotWritable(error as NodeJS.ErrnoException));
  }
}

/** A link to nothing is there too: no folder can be made in its place. */
function nearestExisting(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined || path === "/") return path;
  return nearestExisting(dirname(path));
}

function roomProblem(
  native: Pick<Native, "fileSystemRoom">,
  folder: string,
  existing: string,
  needs: { bytes: number; captures: number },
): Problem | undefined {
  const { free, freeInodes } = native.fileSystemRoom(existing);
  if (free < needs.bytes) {
    const needed = byteSizeText(needs.bytes);
    return bad(
      folder,
      `its disk has ${byteSizeText(free)} left, and manifest and status alone need ${needed}`,
    );
  }
  if (freeInodes < needs.captures * FILES_PER_CAPTURE) return bad(folder, "its disk has no inodes left");
  return undefined;
}

const WORDS: Readonly<Record<string, string>> = {
  EROFS: "its file system is read-only",
  EACCES: "this user may not write there",
  EPERM: "this user may not write there",
  ENOTDIR: "a part of its path is a file, and a folder is expected",
  ELOOP: "its path has a loop of symbolic links",
  ENAMETOOLONG: "its name is too long",
};

function whyNotWritable(error: NodeJS.ErrnoException): string {
  return WORDS[error.code ?? ""] ?? error.message;
}

function bad(folder: string, why: string): Problem {
  return { code: "PCAPPER_BAD_OUTPUT", message: `--output is "${folder}": ${why}` };
}
