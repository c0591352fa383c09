import type { ErrorCode } from "../errors.ts";
import type { ExportChecksum } from "../export/listing.ts";
import { ConnectionLost } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";

/** Done, failed, wrong use: the exit codes of pcapper itself. Others come from a node that ended it. */
const OWN_FAILURES = [1, 2];

const NOT_FOUND = `[${"PCAPPER_EXPORT_NOT_FOUND" satisfies ErrorCode}]`;

/** What an export that did not end well means for whoever asked. */
export function exportError(exitCode: number, stderr: string): Error {
  const said = lastLine(stderr).replace(/^pcapper: /, "");
  // Without its sentence, which exec may lose, nobody knows what failed.
  if (OWN_FAILURES.includes(exitCode) && said !== "") {
    return new FetchError(said, { missing: said.endsWith(NOT_FOUND) });
  }
  return new ConnectionLost(`the export ended with ${exitCode}${said === "" ? "" : `: ${said}`}`);
}

/** The last line of `pcapper export read`; undefined where it is none. */
export function parseChecksum(stderr: string): ExportChecksum | undefined {
  try {
    const { bytes, sha256 } = JSON.parse(lastLine(stderr)) as Partial<ExportChecksum>;
    if (!Number.isSafeInteger(bytes) || bytes === undefined) return undefined;
    return typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) ? { bytes, sha256 } : undefined;
  } catch {
    return undefined;
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split("\n").at(-1) ?? "";
}
