import {
  EXPORT_VERSION,
  type ExportedCapture,
  type ExportedFile,
  type ExportList,
} from "../export/listing.ts";
import { isComponent, isExportable, prefixOf } from "../export/names.ts";
import { ConnectionLost } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";

/** Characters of what is quoted, and of a sentence that a node says. */
const LONGEST_QUOTE = 200;
const LONGEST_SENTENCE = 1000;
/** Of what is refused so many are named. */
const MOST_NAMED = 20;

/**
 * A node's word becomes paths on this machine: nothing is taken that pcapper would not have said. What is odd is
 * named as a problem, and the rest is taken.
 * @throws FetchError where it is no list at all, ConnectionLost where it has no end
 */
export function parseList(text: string): ExportList {
  const list = parsed(text);
  if (list === undefined) throw new ConnectionLost("the list of files did not come whole");
  if (list.export !== EXPORT_VERSION || !Array.isArray(list.captures)) {
    throw new FetchError(`its list of files is none of ${EXPORT_VERSION}`);
  }
  const captures = new Map<string, ExportedCapture>();
  const odd: string[] = [];
  for (const value of list.captures) {
    const capture = captureOf(value);
    const place = `${capture?.folder}/${capture?.prefix}`;
    if (capture === undefined || captures.has(place)) {
      odd.push(`its list has what is no capture: ${quoted(value)}`);
    } else captures.set(place, capture);
  }
  const node = typeof list.node === "string" ? list.node : "";
  const problems = [...sentences(list.problems), ...named(odd)];
  return { export: EXPORT_VERSION, node, captures: [...captures.values()], problems };
}

function captureOf(value: unknown): ExportedCapture | undefined {
  if (!isRecord(value)) return undefined;
  const { folder, prefix, running } = value;
  if (typeof folder !== "string" || !isComponent(folder)) return undefined;
  if (typeof prefix !== "string" || !isExportable(`${prefix}.json`)) return undefined;
  if (typeof running !== "boolean") return undefined;
  const odd: string[] = [];
  const files = new Map<string, ExportedFile>();
  for (const file of Array.isArray(value.files) ? value.files : [value.files]) {
    if (isFile(file) && isPacketFile(file, prefix) && !files.has(file.name)) files.set(file.name, file);
    else
      odd.push(`its list has what is no file of this capture: ${quoted(isRecord(file) ? file.name : file)}`);
  }
  const { manifest, manifestFile } = value;
  const hasManifestFile = isFile(manifestFile) && manifestFile.name === `${prefix}.json`;
  if (manifestFile !== undefined && !hasManifestFile) {
    odd.push(`its list has what is no manifest of this capture: ${quoted(manifestFile)}`);
  }
  const removed = sentences(value.removedMeanwhile);
  return {
    ...{ folder, prefix, running, files: [...files.values()] },
    ...(isRecord(manifest) && { manifest }),
    ...(hasManifestFile && { manifestFile }),
    ...(removed.length > 0 && { removedMeanwhile: removed }),
    problems: [...sentences(value.problems), ...named(odd)],
  };
}

function isFile(value: unknown): value is ExportedFile {
  if (!isRecord(value)) return false;
  const { name, bytes, modified } = value;
  if (typeof name !== "string" || !isExportable(name)) return false;
  if (!Number.isSafeInteger(bytes) || Number(bytes) < 0) return false;
  return typeof modified === "string" && !Number.isNaN(Date.parse(modified));
}

function isPacketFile({ name }: ExportedFile, prefix: string): boolean {
  return prefixOf(name) === prefix && !name.endsWith(".json");
}

function sentences(value: unknown): string[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((text) => typeof text === "string")
    .map((text: string) => text.slice(0, LONGEST_SENTENCE));
}

function named(problems: readonly string[]): string[] {
  const more = problems.length - MOST_NAMED;
  const others = more > 0 ? [`its list has ${more} more of that kind`] : [];
  return [...problems.slice(0, MOST_NAMED), ...others];
}

function quoted(value: unknown): string {
  return String(JSON.stringify(value)).slice(0, LONGEST_QUOTE);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : { value };
  } catch {
    return undefined;
  }
}
