import { type PacketFileName, packetFiles } from "../../agent/file-names.ts";
import { readRecords } from "./capture-records.ts";
import type { Manifest } from "./manifest.ts";
import { namesIn } from "./running-captures.ts";

/**
 * The packet files that are there of a capture nobody runs: those that its manifest lists, or reserved where it has no
 * end. A stranger may have put a file of such a name beside them. Without a manifest the names must do.
 */
export async function ownFiles(folder: string, prefix: string): Promise<PacketFileName[]> {
  const there = packetFiles(prefix, namesIn(folder));
  const { manifest } = await readRecords(folder, prefix);
  if ("problem" in manifest) return there;
  const { files, finished, reservedThrough } = manifest.value;
  const listed = new Set(files.map(({ name }) => name));
  return there.filter(
    ({ name, number }) => listed.has(name) || (finished === undefined && number <= reservedThrough),
  );
}

/**
 * Of the packet files that are there of a capture after its repair: those its manifest lists, and those that could not
 * be made whole. Without a manifest the names must do.
 */
export function filesLeft(
  there: readonly PacketFileName[],
  manifest: Manifest | undefined,
): readonly PacketFileName[] {
  if (manifest === undefined) return there;
  const listed = new Set(manifest.files.map(({ name }) => name));
  return there.filter(
    ({ name, number, partial }) => listed.has(name) || (partial && number <= manifest.reservedThrough),
  );
}
