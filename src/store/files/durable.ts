import { type FileHandle, open, rename } from "node:fs/promises";

const FILE_MODE = 0o640;

/** Errors that say: no room, for anybody or for this user. */
export function isFullDisk(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "ENOSPC" || code === "EDQUOT";
}

/**
 * Replaces `path` by `text` so that a reader, and a power cut, sees the old or the new text, never a
 * part. `draft` is a hidden name in the same folder.
 */
export async function replaceFile(path: string, draft: string, text: string): Promise<void> {
  await withFile(draft, "w", async (file) => {
    await file.writeFile(text);
    await file.sync();
  });
  await rename(draft, path);
  await syncFolder(path.slice(0, path.lastIndexOf("/")));
}

/** Fills `path` with `bytes` real bytes, so that the same room can be written again on a full disk. */
export async function reserveRoom(path: string, bytes: number): Promise<void> {
  await withFile(path, "w", async (file) => {
    await file.writeFile(Buffer.alloc(bytes, " "));
    await file.sync();
  });
}

/** Like `replaceFile` on a full disk: overwrites the reserve in place and gives it the name `path`. */
export async function replaceFromReserve(path: string, reserve: string, text: string): Promise<void> {
  await withFile(reserve, "r+", async (file) => {
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
  await withFile(folder, "r", (file) => file.sync());
}

async function withFile(
  path: string,
  flags: string,
  work: (file: FileHandle) => Promise<void>,
): Promise<void> {
  const file = await open(path, flags, FILE_MODE);
  try {
    await work(file);
  } finally {
    await file.close();
  }
}
