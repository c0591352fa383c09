import { Writable } from "node:stream";

/** How `pcapper export` of a node is run and heard. */
export interface ExportTransport {
  /**
   * @param args what follows `pcapper export`
   * @param onStdout takes the bytes; the sender is held up until it resolves
   * @throws ConnectionLost, ExportRefused, what `onStdout` threw, or the signal's reason
   */
  exec(args: readonly string[], onStdout: TakeBytes, signal: AbortSignal): Promise<ExportEnd>;
}

export type TakeBytes = (chunks: readonly Buffer[]) => Promise<void>;

export interface ExportEnd {
  exitCode: number;
  stderr: string;
}

/** The other end could not be reached, or went away before its end: the same may succeed later. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The API server or the node said no: the same again would hear the same. */
export class ExportRefused extends Error {
  override readonly name = "ExportRefused";
}

/** Bytes that may wait for a disk. */
const WAITING = 512 * 1024;

/** A stream for what a transport received; `take` gets everything that waits at once. */
export function createSink(take: TakeBytes): Writable {
  return new Writable({
    highWaterMark: WAITING,
    write: (chunk: Buffer, _encoding, done) => void take([chunk]).then(() => done(), done),
    writev: (waiting, done) =>
      void take(waiting.map(({ chunk }) => chunk as Buffer)).then(() => done(), done),
  });
}
