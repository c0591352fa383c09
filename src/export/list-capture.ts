import { closeSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { companionNames, packetFiles, wholeName } from "../agent/file-names.ts";
import { asManifest, type Manifest, type ManifestFile } from "../store/files/manifest.ts";
import { type HeldFile, type HeldFolder, holdFile, type Refusal } from "./guarded-open.ts";
import type { ExportedCapture, ExportedFile } from "./listing.ts";
import { isExportable, prefixOf } from "./names.ts";

/** Of a manifest; 99,999 files make about 25 MB. */
const LARGEST_MANIFEST = 64 * 1024 * 1024;

/** Milliseconds. The engine of a running capture replaces the manifest about once a second. */
const NEXT_MANIFEST = { look: 200, within: 5000 };

/**
 * One capture as it is now. The ring of a running capture removes files before its manifest says so: what is named
 * and not there is only missing if the next manifest still names it.
 * @param folderNames what was in the folder a moment ago
 */
export async function listCapture(
  held: HeldFolder,
  folder: string,
  prefix: string,
  folderNames: readonly string[],
): Promise<ExportedCapture> {
  const first = look(held, folder, prefix, folderNames);
  if (!first.capture.running || first.missing.size === 0) return withMissing(first, first.missing);
  const end = performance.now() + NEXT_MANIFEST.within;
  for (;;) {
    await pause(NEXT_MANIFEST.look);
    const next = look(held, folder, prefix, folderNames);
    if (next.written !== first.written) {
      return withMissing(next, new Map([...next.missing].filter(([name]) => first.missing.has(name))));
    }
    if (performance.now() > end) return withMissing(next, next.missing);
  }
}

interface Look {
  /** Without the problems of missing files. */
  capture: ExportedCapture;
  /** Names of files that are named and not there, and what to say of them. */
  missing: Map<string, string>;
  /** When the manifest was. */
  written: string | undefined;
}

/** @param missing those that are missing indeed; the others were removed since */
function withMissing({ capture, missing: all }: Look, missing: ReadonlyMap<string, string>): ExportedCapture {
  const removed = [...all.keys()].filter((name) => !missing.has(name));
  return {
    ...capture,
    problems: [...missing.values(), ...capture.problems],
    ...(removed.length > 0 && { removedMeanwhile: removed }),
  };
}

function look(held: HeldFolder, folder: string, prefix: string, folderNames: readonly string[]): Look {
  const problems: string[] = [];
  const missing = new Map<string, string>();
  const { manifest, manifestFile } = readManifest(held, prefix, problems);
  const running = manifest !== undefined && manifest.finished === undefined;
  const named = manifest === undefined ? [] : namedFiles(held, prefix, manifest, problems, missing);
  const others = running ? [] : otherFiles(held, prefix, folderNames, manifest, problems);
  const capture = {
    folder,
    prefix,
    ...(manifest !== undefined && { manifest }),
    ...(manifestFile !== undefined && !running && { manifestFile }),
    running,
    files: [...named, ...others].filter((file) => file !== undefined),
    problems,
  };
  return { capture, missing, written: manifestFile?.modified };
}

function readManifest(held: HeldFolder, prefix: string, problems: string[]) {
  const name = companionNames(prefix).manifest;
  const file = holdFile(held, name);
  if ("refused" in file) {
    problems.push(`${name} ${file.refused}: the files of this capture are told by their names`);
    return {};
  }
  const manifestFile = exportedFile(name, file);
  const found = parseManifest(file);
  if ("value" in found) return { manifest: found.value, manifestFile };
  problems.push(
    `${name} cannot be used, ${found.problem}: the files of this capture are told by their names`,
  );
  return { manifestFile };
}

function parseManifest({ fd, size }: HeldFile) {
  try {
    if (size > LARGEST_MANIFEST) return { problem: `it has ${size} bytes` };
    return asManifest(JSON.parse(readFileSync(fd, "utf8")));
  } catch (error) {
    return { problem: error instanceof SyntaxError ? "it is not whole JSON" : (error as Error).message };
  } finally {
    closeSync(fd);
  }
}

/** The files that the manifest names; undefined for one that is not there. */
function namedFiles(
  held: HeldFolder,
  prefix: string,
  { files, current }: Manifest,
  problems: string[],
  missing: Map<string, string>,
) {
  const all = [...files, ...(current === undefined ? [] : [current])];
  return all.map((file) => namedFile(held, prefix, file, { growing: file === current }, problems, missing));
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
function otherFiles(
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

function exportedFile(name: string, { size, modified }: HeldFile): ExportedFile {
  return { name, bytes: size, modified: new Date(modified).toISOString() };
}
