import { constants } from "node:fs";
import { copyFile, rm, stat, statfs } from "node:fs/promises";
import { byteSizeText } from "../byte-size.ts";
import { FetchError } from "./fetch-error.ts";

/** Bytes of a file; undefined where it is not there. @throws FetchError where something else has its name */
export async function sizeOf(path: string): Promise<number | undefined> {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined || found.isFile()) return found?.size;
  throw new FetchError(`${path} is in the way: it is not a plain file`);
}

/** @throws FetchError where the disk of `path` has less than so many bytes left */
export async function mustHaveRoom(path: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  const free = bavail * bsize;
  if (free >= bytes) return;
  throw new FetchError(
    `${byteSizeText(bytes)} are to come, and ${byteSizeText(free)} are free below --output`,
  );
}

/** Costs nothing where the disk can share blocks between files. */
export async function copyAll(from: string, to: string): Promise<void> {
  try {
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  } catch (error) {
    // Half a copy would be taken for the beginning of the file.
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") await rm(to, { force: true });
    throw error;
  }
}
