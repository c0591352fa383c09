import { closeSync } from "node:fs";
import { packetFiles, wholeName } from "../agent/file-names.ts";
import type { Manifest, ManifestFile } from "../store/files/manifest.ts";
import { type HeldFile, type HeldFolder, holdFile, type Refusal } from "./guarded-open.ts";
import type { ExportedFile } from "./listing.ts";
import { isExportable, prefixOf } from "./names.ts";

/** The files that the manifest names; undefined for one that is not there, or is none of the capture. */
export function namedFiles(
  held: HeldFolder,
  prefix: string,
  { files, current }: Manifest,
  problems: string[],
  missing: Map<string, string>,
) {
  const all = new Map<string, ManifestFile>();
  for (const file of [...files, ...(current === undefined ? [] : [current])]) {
    const name = wholeName(file.name);
    if (all.has(name)) problems.push(`${JSON.stringify(name)} is named twice by the manifest`);
    else all.set(name, file);
  }
  return [...all.values()].map((file) =>
    namedFile(held, prefix, file, { growing: file === current }, problems, missing),
  );
}

function namedFile(
  held: HeldFolder,
  prefix: string,
  { name: nameOnDisk, bytes, firstTimestamp, lastTimestamp }: ManifestFile,
  { growing }: { growing: boolean },
  problems: string[],
  missing: Map<string, string>,
): ExportedFile | undefined {
  const name = wholeName(nameOnDisk);
  if (!isExportable(name) || prefixOf(name) !== prefix) {
    problems.push(`${JSON.stringify(nameOnDisk)} is named by the manifest, but is no file of this capture`);
    return undefined;
  }
  const found = statFile(held, name);
  if ("refused" in found) {
    const problem = `${name} is named by the manifest, but ${found.refused}`;
    if (found.missing) missing.set(name, problem);
    else problems.push(problem);
    return undefined;
  }
  if (growing ? !(found.size >= bytes) : found.size !== bytes) {
    problems.push(`${name} has ${found.size} bytes, and its manifest says ${bytes}`);
  }
  const size = growing && found.size >= bytes ? bytes : found.size;
  return { ...exportedFile(name, { ...found, size }), firstTimestamp, lastTimestamp };
}

/** Files of the capture's name that no manifest vouches for: offered, so that no evidence is lost, and told. */
export function otherFiles(
  held: HeldFolder,
  prefix: string,
  folderNames: readonly string[],
  manifest: Manifest | undefined,
  problems: string[],
): ExportedFile[] {
  const named = new Set(manifest?.files.map(({ name }) => wholeName(name)));
  const names = packetFiles(prefix, folderNames).map(({ name }) => name);
  return names
    .filter((name) => !named.has(wholeName(name)))
    .flatMap((name) => {
      const found = statFile(held, name);
      if ("refused" in found && found.missing) return [];
      if ("refused" in found) {
        problems.push(`${name} ${found.refused}`);
        return [];
      }
      if (manifest !== undefined) problems.push(`${name} is there, but its manifest does not name it`);
      return [exportedFile(name, found)];
    });
}

function statFile(held: HeldFolder, name: string): HeldFile | Refusal {
  const file = holdFile(held, name);
  if (!("refused" in file)) closeSync(file.fd);
  return file;
}

export function exportedFile(name: string, { size, modified }: HeldFile): ExportedFile {
  return { name, bytes: size, modified: new Date(modified).toISOString() };
}
