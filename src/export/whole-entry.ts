import { PcapperError } from "../errors.ts";

const ZEROS = Buffer.alloc(64 * 1024);

/**
 * The pieces of a file, and zeros up to `size` where it ends before: an archive with an entry that is shorter than
 * its head says cannot be read beyond it.
 * @param onShort told once why the file is not whole
 */
export async function* wholeEntry(
  size: number,
  pieces: AsyncIterable<Buffer>,
  onShort: (why: string) => void,
): AsyncGenerator<Buffer> {
  let sent = 0;
  try {
    for await (const piece of pieces) {
      sent += piece.length;
      yield piece;
    }
  } catch (error) {
    // Of the file. What else fails is not made better by zeros.
    if (!(error instanceof PcapperError)) throw error;
    onShort(error.message);
  }
  for (; sent < size; sent += Math.min(ZEROS.length, size - sent)) {
    yield ZEROS.subarray(0, size - sent);
  }
}
