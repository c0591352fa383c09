import { constants } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";

const FILE_MODE = 0o640;
const WRITE = constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Errors that say: no room, for anybody or for this user. The engine has a word of its own for it. */
export function isFullDisk(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOSPC" || code === "EDQUOT" || code === "DiskFull";
}

/** The end of a capture whose folder or files cannot be used, in the system's words. */
export function diskFailure(error: unknown): { reason: "DiskFull" | "WriteError"; message: string } {
  const message = error instanceof Error ? error.message : String(error);
  return { reason: isFullDisk(error) ? "DiskFull" : "WriteError", message };
}

/**
 * Replaces `path` by `text` so that a reader, and a power cut, sees the old or the new text, never a
 * part. `draft` is a hidden name in the same folder; whatever has that name goes.
 */
export async function replaceFile(path: string, draft: string, text: string): Promise<void> {
  await withNewFile(draft, async (file) => {
    await file.writeFile(text);
    await file.sync();
  });
  await rename(draft, path);
  await syncFolder(path.slice(0, path.lastIndexOf("/")));
}

/** Fills `path` with `bytes` real bytes, so that the same room can be written again on a full disk. */
export async function reserveRoom(path: string, bytes: number): Promise<void> {
  await withNewFile(path, async (file) => {
    await file.writeFile(Buffer.alloc(bytes, " "));
    await file.sync();
  });
}

/** Like `replaceFile` on a full disk: overwrites the reserve in place and gives it the name `path`. */
export async function replaceFromReserve(path: string, reserve: string, text: string): Promise<void> {
  await withFile(reserve, WRITE, async (file) => {
    const found = await file.stat();
    if (!found.isFile() || found.nlink !== 1) throw new Error(`${reserve} is not the file that was reserved`);
    const bytes = Buffer.from(text);
    await file.write(bytes, 0, bytes.length, 0);
    await file.truncate(bytes.length);
    await file.sync();
  });
  await rename(reserve, path);
  await syncFolder(path.slice(0, path.lastIndexOf("/")));
}

/** Makes names in a folder survive a power cut. */
export async function syncFolder(folder: string): Promise<void> {
  await withFile(folder, constants.O_RDONLY | constants.O_DIRECTORY, (file) => file.sync());
}

/** What is in the way is removed, not written to: it may be a link to a file of somebody else. */
async function withNewFile(path: string, work: (file: FileHandle) => Promise<void>): Promise<void> {
  await rm(path, { force: true });
  await withFile(path, WRITE | constants.O_CREAT | constants.O_EXCL, work);
}

async function withFile(
  path: string,
  flags: number,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, FILE_MODE);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
