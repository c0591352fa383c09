import type { ExportedCapture, ExportedFile } from "./listing.ts";

/** Which of the captures' files are wanted. */
export interface Selection {
  includeRunning: boolean;
  /** Milliseconds since 1970: files whose last packet is older are left out; undefined = none is. */
  since: number | undefined;
}

/** The files to take of a capture, or why none is. */
export function selectFiles(
  capture: ExportedCapture,
  { includeRunning, since }: Selection,
): { files: ExportedFile[] } | { leftOut: string } {
  if (capture.running && !includeRunning) {
    return { leftOut: "it still runs: --include-running gathers what it has so far" };
  }
  if (since === undefined) return { files: capture.files };
  const files = capture.files.filter((file) => lastTime(file) >= since);
  const itself = capture.manifestFile ?? capture.files.at(-1);
  const ended = itself === undefined ? Number.POSITIVE_INFINITY : Date.parse(itself.modified);
  // A capture without any file has its manifest to tell.
  if (files.length > 0 || (capture.files.length === 0 && ended >= since)) return { files };
  return { leftOut: `its last packet is older than ${new Date(since).toISOString()}` };
}

function lastTime({ lastTimestamp, modified }: ExportedFile): number {
  const packet = Date.parse(lastTimestamp ?? "");
  return Number.isNaN(packet) ? Date.parse(modified) : packet;
}
