import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from "node:fs";

/** Neither a link is followed, nor does a FIFO or a device keep anybody waiting. */
const GUARDED = constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @throws Error where `path` is no plain file of at most `limit` bytes */
export function readPlainFile(path: string, limit: number): string {
  return withPlainFile(path, constants.O_RDONLY, (fd, size) => {
    if (size > limit) throw new Error(`${path} has ${size} bytes`);
    const bytes = Buffer.alloc(limit);
    return bytes.toString("utf8", 0, readSync(fd, bytes, 0, limit, 0));
  });
}

/** Replaces what is in a file that is there already. @throws Error where `path` is no plain file */
export function overwritePlainFile(path: string, text: string): void {
  withPlainFile(path, constants.O_WRONLY, (fd) => {
    ftruncateSync(fd);
    writeSync(fd, text, 0);
  });
}

function withPlainFile<T>(path: string, access: number, work: (fd: number, size: number) => T): T {
  const fd = openSync(path, access | GUARDED);
  try {
    const found = fstatSync(fd);
    if (!found.isFile()) throw new Error(`${path} is not a plain file`);
    return work(fd, found.size);
  } finally {
    closeSync(fd);
  }
}
