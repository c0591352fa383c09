import { basename } from "node:path";
import { captureFilePrefix } from "../../agent/file-names.ts";
import type { Manifest } from "./manifest.ts";

/**
 * When the capture of a manifest was claimed, seconds since 1970: the EPOCH of its name. undefined where a manifest is
 * not in its own place and of its own name: a copy that somebody made.
 */
export function claimedEpoch(folder: string, prefix: string, { capture }: Manifest): number | undefined {
  const seconds = Number(/\.(\d{1,11})$/.exec(prefix)?.[1] ?? Number.NaN);
  const isOwn =
    basename(folder) === capture.name && prefix === captureFilePrefix(capture.node, capture.name, seconds);
  return isOwn ? seconds : undefined;
}
