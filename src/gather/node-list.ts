import { byteSizeText } from "../byte-size.ts";
import type { ExportList } from "../export/listing.ts";
import { exportError } from "./export-answer.ts";
import type { ConnectionLost, ExportTransport } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";
import { parseList } from "./parse-list.ts";
import { type Patience, withPatience } from "./patience.ts";

/** Bytes of a list; a node with 100,000 files has about 50 MB. */
const LONGEST_LIST = 128 * 1024 * 1024;

/** Milliseconds for a whole list, all tries together: a byte now and then is no reason to wait for ever. */
const LIST_TIME = 600_000;

/** What a node has. @throws FetchError, ConnectionLost, ExportRefused, or the signal's reason */
export async function listNode(
  transport: ExportTransport,
  names: readonly string[],
  patience: Patience,
  signal: AbortSignal,
  onLost: (error: ConnectionLost) => void,
): Promise<ExportList> {
  const late = new AbortController();
  const tooLate = new FetchError(`its list of files was not here after ${LIST_TIME / 60_000} minutes`);
  const alarm = setTimeout(() => late.abort(tooLate), LIST_TIME);
  const stop = AbortSignal.any([signal, late.signal]);
  const attempt = async (): Promise<ExportList> => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = async (more: readonly Buffer[]): Promise<void> => {
      bytes += more.reduce((sum, chunk) => sum + chunk.length, 0);
      if (bytes > LONGEST_LIST) {
        throw new FetchError(`its list of files has more than ${byteSizeText(LONGEST_LIST)}`);
      }
      chunks.push(...more);
    };
    const { exitCode, stderr } = await transport.exec(["list", ...names], take, stop);
    if (exitCode !== 0) throw exportError(exitCode, stderr);
    return parseList(Buffer.concat(chunks).toString("utf8"));
  };
  return withPatience(attempt, patience, stop, () => 0, onLost).finally(() => clearTimeout(alarm));
}
