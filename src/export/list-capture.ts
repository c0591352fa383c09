import { closeSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { companionNames } from "../agent/file-names.ts";
import { asManifest } from "../store/files/manifest.ts";
import { LARGEST_RECORD, parseRecord } from "../store/files/parse-record.ts";
import { exportedFile, namedFiles, otherFiles } from "./capture-files.ts";
import { type HeldFile, type HeldFolder, holdFile } from "./guarded-open.ts";
import type { ExportedCapture } from "./listing.ts";

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
    if (size > LARGEST_RECORD) return { problem: `it has ${size} bytes` };
    const record = parseRecord(readFileSync(fd));
    return "problem" in record ? record : asManifest(record.value);
  } catch (error) {
    return { problem: (error as Error).message };
  } finally {
    closeSync(fd);
  }
}
