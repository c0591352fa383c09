import type { Writable } from "node:stream";
import { PcapperError } from "../errors.ts";

/** Resolves when the bytes have left: the reader decides how fast. */
export type Write = (bytes: Uint8Array | string) => Promise<void>;

/** Milliseconds. A reader that takes nothing for that long does not come back: it goes on with a new export. */
const LONGEST_STALL = 2 * 60_000;

/**
 * Node's own buffer holds what was given to one `write`, and no more. Should the other end neither read nor close
 * (a connection to the node that was cut), this process ends itself: nobody else would.
 * @throws PcapperError where the reader went away
 */
export function writerTo(stream: Writable, longestStall = LONGEST_STALL): Write {
  return async (bytes) => {
    const stalled = setTimeout(() => process.kill(process.pid, "SIGKILL"), longestStall);
    try {
      await new Promise<void>((resolve, reject) => {
        stream.write(bytes, (error) => (error ? reject(goneAway(error)) : resolve()));
      });
    } finally {
      clearTimeout(stalled);
    }
  };
}

function goneAway(cause: Error): PcapperError {
  const message = `standard output was closed before its end: ${cause.message}`;
  return new PcapperError("PCAPPER_EXPORT_UNREAD", message, { cause });
}
