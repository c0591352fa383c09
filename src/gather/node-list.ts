import {
  EXPORT_VERSION,
  type ExportedCapture,
  type ExportedFile,
  type ExportList,
} from "../export/listing.ts";
import { isComponent, isExportable } from "../export/names.ts";
import { exportError } from "./export-answer.ts";
import { ConnectionLost, type ExportTransport } from "./export-transport.ts";
import { FetchError } from "./fetch-error.ts";
import { type Patience, withPatience } from "./patience.ts";

/** Bytes of a list; a node with 100,000 files has about 50 MB. */
const LONGEST_LIST = 256 * 1024 * 1024;

/** What a node has. @throws FetchError, ConnectionLost, ExportRefused */
export async function listNode(
  transport: ExportTransport,
  names: readonly string[],
  patience: Patience,
  signal: AbortSignal,
  onLost: (error: ConnectionLost) => void,
): Promise<ExportList> {
  const attempt = async (): Promise<ExportList> => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const take = async (more: readonly Buffer[]): Promise<void> => {
      chunks.push(...more);
      bytes += more.reduce((sum, chunk) => sum + chunk.length, 0);
      if (bytes > LONGEST_LIST) throw new FetchError(`its list has more than ${LONGEST_LIST} bytes`);
    };
    const { exitCode, stderr } = await transport.exec(["list", ...names], take, signal);
    if (exitCode !== 0) throw exportError(exitCode, stderr);
    return parseList(Buffer.concat(chunks).toString("utf8"));
  };
  return withPatience(attempt, patience, signal, () => 0, onLost);
}

/**
 * A node's word becomes paths on this machine: nothing is taken that pcapper would not have said.
 * @throws FetchError, ConnectionLost where the list has no end
 */
export function parseList(text: string): ExportList {
  const list = parsed(text) as Partial<ExportList> | undefined;
  if (list === undefined) throw new ConnectionLost("the list of files did not come whole");
  if (list.export !== EXPORT_VERSION || !Array.isArray(list.captures) || !areTexts(list.problems)) {
    throw new FetchError(`its list of files is none of ${EXPORT_VERSION}`);
  }
  if (!list.captures.every(isCapture)) throw new FetchError("its list names what is no file of a capture");
  return list as ExportList;
}

function isCapture(value: unknown): value is ExportedCapture {
  if (typeof value !== "object" || value === null) return false;
  const { folder, prefix, running, files, manifestFile, removedMeanwhile, problems, manifest } =
    value as Partial<ExportedCapture>;
  if (typeof folder !== "string" || !isComponent(folder)) return false;
  if (typeof prefix !== "string" || !isExportable(`${prefix}.json`)) return false;
  if (typeof running !== "boolean" || !areTexts(problems)) return false;
  if (removedMeanwhile !== undefined && !areTexts(removedMeanwhile)) return false;
  if (manifest !== undefined && (typeof manifest !== "object" || manifest === null)) return false;
  const all = Array.isArray(files) ? [...files, manifestFile ?? []].flat() : undefined;
  if (all === undefined || !all.every(isFile)) return false;
  return new Set(all.map(({ name }) => name)).size === all.length;
}

function isFile(value: unknown): value is ExportedFile {
  if (typeof value !== "object" || value === null) return false;
  const { name, bytes, modified } = value as Partial<ExportedFile>;
  if (typeof name !== "string" || !isExportable(name)) return false;
  return Number.isSafeInteger(bytes) && (bytes ?? -1) >= 0 && !Number.isNaN(Date.parse(modified ?? ""));
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((text) => typeof text === "string");
}

function parsed(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
