import { largest } from "../../largest.ts";
import type { KeptCapture } from "./kept-captures.ts";

/**
 * When a capture was last of use, ms since 1970: its end, or where it has none its last packet or write. Never
 * before its EPOCH, which is the API server's time: a node whose clock was wrong must not lose its files.
 * @param written modification times of its files, ms since 1970
 */
export function lastUse(
  { epoch, manifest }: Pick<KeptCapture, "epoch" | "manifest">,
  written: readonly number[],
): number {
  const { finished, files, current } = manifest;
  const packets = [...files, ...(current === undefined ? [] : [current])].map((file) => file.lastTimestamp);
  const ended = Date.parse(finished?.time ?? "");
  const times = Number.isNaN(ended) ? [...written, ...packets.map((time) => Date.parse(time))] : [ended];
  return largest(
    times.filter((time) => Number.isFinite(time)),
    epoch,
  );
}
