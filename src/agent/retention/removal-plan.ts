import type { Manifest } from "../../store/files/manifest.ts";
import { companionNames, leftovers, packetFiles, preparedFiles } from "../file-names.ts";

/**
 * The names in a capture's folder that its manifest makes its own, in the order in which they go: packets
 * first and the manifest last, so that a removal that is cut short can be gone on with. The lock is not among
 * them: it goes with who holds it.
 * @param folderNames what is there: a name in a manifest alone is no path
 */
export function namesToRemove(prefix: string, manifest: Manifest, folderNames: readonly string[]): string[] {
  const { reservedThrough, files, current, finished } = manifest;
  const listed = new Set([...files, ...(current === undefined ? [] : [current])].map(({ name }) => name));
  // Its end has listed every file: another of a reserved number is somebody's. One that still has a file being
  // written was ended by who could not look.
  const isListedWhole = finished !== undefined && current === undefined;
  const packets = [...packetFiles(prefix, folderNames), ...preparedFiles(prefix, folderNames)]
    .filter(({ name, number }) => listed.has(name) || (!isListedWhole && number <= reservedThrough))
    .map(({ name }) => name);
  const hidden = leftovers(prefix, folderNames);
  const { status, manifest: ownName } = companionNames(prefix);
  return [...packets, ...hidden, ...[status, ownName].filter((name) => folderNames.includes(name))];
}
