import { join } from "node:path";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd } from "../../capture/native.ts";
import { readRecords } from "../../store/files/capture-records.ts";
import { claimedEpoch } from "../../store/files/claimed-epoch.ts";
import { namesIn } from "../../store/files/running-captures.ts";
import { captureFilePrefix, packetFiles } from "../file-names.ts";

/** How a running capture ends whose manifest went away with its agent, or was damaged meanwhile. */
export const NO_MANIFEST: CaptureEnd = {
  reason: "Interrupted",
  message:
    "The agent ended while the capture ran, and its manifest is missing or cannot be used; files of its name were left as they are.",
};

/**
 * Names of packet files that a capture which ran on this node has left and that no manifest tells of. Nothing may be
 * done to them on the word of a name alone, but they are there, and people are told where.
 */
export async function filesWithoutManifest(
  hostmount: string,
  node: string,
  capture: PacketCapture,
): Promise<string[]> {
  const { metadata, status } = capture;
  if (status?.progress !== "running") return [];
  const claimed = Math.floor(Date.parse(status.scheduledTime ?? "") / 1000);
  const folder = join(hostmount, metadata.name);
  const names = namesIn(folder);
  const epochs = names.map((name) => Number(/\.(\d{1,11})\.\d{5,}\.pcap(?:\.part)?$/.exec(name)?.[1]));
  const found: string[][] = [];
  for (const epoch of new Set(epochs.filter((each) => each >= claimed))) {
    const prefix = captureFilePrefix(node, metadata.name, epoch);
    const { manifest } = await readRecords(folder, prefix);
    // A good one, in its place, is of another capture of this name: its files are not this one's.
    const isAnothers = !("problem" in manifest) && claimedEpoch(folder, prefix, manifest.value) !== undefined;
    if (!isAnothers) found.push(packetFiles(prefix, names).map(({ name }) => name));
  }
  return found.flat();
}
