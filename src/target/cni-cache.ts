import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type CniAttachment, isSkipped, parseCniResult, type SkippedFile } from "./cni-result.ts";

export interface CniCache {
  attachments: CniAttachment[];
  skipped: SkippedFile[];
  /** Why there is no cache; undefined = the folder was read. */
  unreadable?: string;
}

/** A result takes a few KB; whatever is larger is something else. */
const LARGEST_RESULT = 1 << 20;
const FILES_AT_ONCE = 32;

/** Reads all results; a folder that is not there is no error, for not every runtime keeps one. */
export async function readCniCache(folder: string): Promise<CniCache> {
  const cache: CniCache = { attachments: [], skipped: [] };
  const names = await namesIn(folder);
  if (!Array.isArray(names)) return { ...cache, unreadable: names.why };
  for (let first = 0; first < names.length; first += FILES_AT_ONCE) {
    const some = names.slice(first, first + FILES_AT_ONCE);
    for (const result of await Promise.all(some.map((name) => readResult(folder, name)))) {
      if (isSkipped(result)) cache.skipped.push(result);
      else cache.attachments.push(result);
    }
  }
  return cache;
}

async function namesIn(folder: string): Promise<string[] | { why: string }> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    return { why: codeOf(error) };
  }
}

async function readResult(folder: string, file: string): Promise<CniAttachment | SkippedFile> {
  const path = join(folder, file);
  try {
    // A pipe would never end; a device might do anything.
    const found = await stat(path);
    if (!found.isFile()) return { file, why: "not a file" };
    if (found.size > LARGEST_RESULT) return { file, why: "too large" };
    return parseCniResult(file, await readFile(path, "utf8"));
  } catch (error) {
    return { file, why: codeOf(error) };
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : String(error);
}
