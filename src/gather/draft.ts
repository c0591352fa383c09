import { createHash, type Hash } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";

/** A file that is being received; its bytes so far are hashed. */
export interface Draft {
  /** Bytes that are there. */
  size(): number;
  append(chunks: readonly Buffer[]): Promise<void>;
  /** SHA-256 of all bytes, hexadecimal. */
  sha256(): string;
  /** What is there survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

const FLAGS = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const MODE = 0o640;
const CHUNK = 256 * 1024;

/**
 * Opens a file to go on with at its end.
 * @param most bytes beyond this are cut off
 * @throws Error where it is no plain file
 */
export async function openDraft(path: string, most: number): Promise<Draft> {
  const file = await open(path, FLAGS, MODE);
  try {
    const found = await file.stat();
    if (!found.isFile()) throw new Error(`${path} is not a plain file`);
    if (found.size > most) await file.truncate(most);
    return draftOf(file, Math.min(found.size, most));
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function draftOf(file: FileHandle, found: number): Promise<Draft> {
  const hash = await hashStart(file, found);
  let size = found;
  return {
    size: () => size,
    append: async (chunks) => {
      for (const chunk of chunks) hash.update(chunk);
      await writeAll(file, chunks, size);
      size += chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    },
    sha256: () => hash.copy().digest("hex"),
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/** SHA-256 of the first `bytes` of a file; undefined where it is not there, is no plain file or is shorter. */
export async function hashOfFile(path: string, bytes: number): Promise<string | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const found = await file.stat();
    if (!found.isFile() || found.size < bytes) return undefined;
    return (await hashStart(file, bytes)).digest("hex");
  } finally {
    await file.close();
  }
}

async function hashStart(file: FileHandle, bytes: number): Promise<Hash> {
  const hash = createHash("sha256");
  const buffer = Buffer.alloc(Math.min(bytes, CHUNK));
  for (let at = 0; at < bytes; ) {
    const { bytesRead } = await file.read(buffer, 0, Math.min(CHUNK, bytes - at), at);
    if (bytesRead === 0) throw new Error("it became shorter while it was read");
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
  return hash;
}

/** A disk that is almost full takes a part, and says no to the next. */
async function writeAll(file: FileHandle, chunks: readonly Buffer[], position: number): Promise<void> {
  const { bytesWritten } = await file.writev(chunks, position);
  let behind = bytesWritten;
  let at = position + bytesWritten;
  for (const chunk of chunks) {
    let rest = chunk.subarray(Math.min(behind, chunk.length));
    behind = Math.max(0, behind - chunk.length);
    while (rest.length > 0) {
      const written = await file.write(rest, 0, rest.length, at);
      rest = rest.subarray(written.bytesWritten);
      at += written.bytesWritten;
    }
  }
}
