import { read } from "node:fs";
import { promisify } from "node:util";
import { PcapperError } from "../errors.ts";
import type { HeldFile } from "./guarded-open.ts";

/** Memory of a transfer is one of these, whatever the file's size. */
const CHUNK = 256 * 1024;

const readInto = promisify(read);

/**
 * Bytes `from`..`to` of a file, in pieces; the file stays open. A piece is good until the next one is asked for.
 * @throws PcapperError where the file ends before `to`, or the disk fails
 */
export async function* readBytes(
  name: string,
  { fd }: HeldFile,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  const buffer = Buffer.allocUnsafe(Math.min(CHUNK, to - from));
  for (let at = from; at < to; ) {
    const { bytesRead } = await readInto(fd, buffer, 0, Math.min(buffer.length, to - at), at).catch(
      (error: Error) => {
        throw new PcapperError("PCAPPER_EXPORT_UNREADABLE", `${name}: ${error.message}`, { cause: error });
      },
    );
    if (bytesRead === 0) {
      const message = `${name} ended at ${at} bytes while ${to} were read`;
      throw new PcapperError("PCAPPER_EXPORT_OUT_OF_RANGE", message);
    }
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
