import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureEnd } from "../../capture/native.ts";
import { captureFilePrefix, companionNames, packetFiles } from "../file-names.ts";

/** How a running capture ends whose manifest went away with its agent. */
export const NO_MANIFEST: CaptureEnd = {
  reason: "Interrupted",
  message:
    "The agent ended while the capture ran, and its manifest is missing; files of its name were left as they are.",
};

/**
 * Names of packet files that a capture which ran on this node has left and whose manifest is missing. Nothing
 * may be done to them on the word of a name alone, but they are there, and people are told where.
 */
export function filesWithoutManifest(hostmount: string, node: string, capture: PacketCapture): string[] {
  const { metadata, status } = capture;
  if (status?.progress !== "running") return [];
  const claimed = Math.floor(Date.parse(status.scheduledTime ?? "") / 1000);
  const names = namesIn(join(hostmount, metadata.name));
  const epochs = names.map((name) => Number(/\.(\d{1,11})\.\d{5,}\.pcap(?:\.part)?$/.exec(name)?.[1]));
  return [...new Set(epochs)]
    .filter((epoch) => epoch >= claimed)
    .map((epoch) => captureFilePrefix(node, metadata.name, epoch))
    .filter((prefix) => !names.includes(companionNames(prefix).manifest))
    .flatMap((prefix) => packetFiles(prefix, names).map(({ name }) => name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
