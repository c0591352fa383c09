import { createReadStream } from "node:fs";
import { PcapperError } from "../errors.ts";
import type { HeldFile } from "./guarded-open.ts";

/** Memory of a transfer is a few of these, whatever the file's size. */
const CHUNK = 256 * 1024;

/**
 * Bytes `from`..`to` of a file, in pieces; the file stays open.
 * @throws PcapperError where the file ends before `to`, or the disk fails
 */
export async function* readBytes(name: string, { fd }: HeldFile, from: number, to: number) {
  let at = from;
  if (from < to) {
    const options = { fd, start: from, end: to - 1, highWaterMark: CHUNK, autoClose: false };
    const stream: AsyncIterable<Buffer> = createReadStream("", options);
    try {
      for await (const chunk of stream) {
        at += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw new PcapperError("PCAPPER_EXPORT_UNREADABLE", `${name}: ${(error as Error).message}`);
    }
  }
  if (at === to) return;
  throw new PcapperError("PCAPPER_EXPORT_OUT_OF_RANGE", `${name} ended at ${at} bytes while ${to} were read`);
}
