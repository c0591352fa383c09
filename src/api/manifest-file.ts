import { PcapperError, type Problem, throwProblems } from "../errors.ts";
import { type FieldPath, foundText, valueAt } from "./field-path.ts";
import { kindProblems, type LocatedProblem, nameProblems } from "./metadata-problems.ts";
import { readText } from "./read-text.ts";
import { API_VERSION, KIND, type PacketCapture } from "./resource.ts";
import { resourceProblems } from "./resource-problems.ts";
import { readYaml, type YamlDocument } from "./yaml-document.ts";

/** Bytes. A capture takes about 500: what is larger is a wrong file. */
const LARGEST_MANIFEST = 256 * 1024;

const DEFAULT_NAMESPACE = "default";

/** A capture of a manifest, and where in the file its fields stand. */
export interface LocatedCapture {
  capture: PacketCapture;
  /** `FILE:LINE:COLUMN` of the field, or of the nearest one above it that is there. */
  where(path: FieldPath): string;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function documentProblems(value: unknown): LocatedProblem[] {
  if (!isObject(value)) {
    const message = `the document is ${foundText(value)}: write the fields of a PacketCapture, apiVersion first`;
    return [{ code: "PCAPPER_UNKNOWN_KIND", path: [], message }];
  }
  const kind = kindProblems(value);
  if (kind.length > 0) return kind;
  const fields = resourceProblems(value).map((problem) => ({
    ...problem,
    code: "PCAPPER_INVALID_SPEC" as const,
  }));
  return [...nameProblems(value), ...fields];
}

/** What the API server would store of it: no status, nothing that the server itself gives. */
function asCreated(value: unknown): PacketCapture {
  const { metadata, spec } = value as PacketCapture;
  const { name, namespace = DEFAULT_NAMESPACE, labels, annotations } = metadata;
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, namespace, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec,
  };
}

function resourceKey({ value }: YamlDocument): string {
  const namespace = valueAt(value, ["metadata", "namespace"]) ?? DEFAULT_NAMESPACE;
  return `${namespace}/${valueAt(value, ["metadata", "name"])}`;
}

function duplicateProblems(
  documents: readonly YamlDocument[],
  nameOf: (document: YamlDocument) => string,
): Problem[] {
  const first = new Map<string, YamlDocument>();
  return documents.flatMap((document) => {
    const key = resourceKey(document);
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, document);
      return [];
    }
    const message = `${nameOf(document)}: metadata.name ${key} is there already, at ${nameOf(earlier)}: write another name`;
    return [{ code: "PCAPPER_DUPLICATE_NAME" as const, message }];
  });
}

function withoutStatus(document: YamlDocument): YamlDocument {
  if (!isObject(document.value)) return document;
  const { status: _ignored, ...value } = document.value;
  return { ...document, value };
}

function positionedProblems(document: YamlDocument, fileName: string): Problem[] {
  return documentProblems(document.value).map(({ code, path, message }) => ({
    code,
    message: `${fileName}:${document.position(path)}: ${message}`,
  }));
}

/**
 * Reads and validates all PacketCaptures of a manifest. The specs carry the schema's defaults, as the API
 * server would store them; a status is ignored, as it would be there.
 * @param fileName is only shown
 * @throws PcapperError (exit code 2) with one line for each problem, each with file, line and column
 */
export function readManifests(text: string, fileName: string): LocatedCapture[] {
  const { documents: parsed, problems } = readYaml(text, fileName);
  throwProblems(problems);
  const documents = parsed.filter(({ value }) => value !== null).map(withoutStatus);
  if (documents.length === 0) {
    throw new PcapperError("PCAPPER_EMPTY_FILE", `${fileName} is empty: write at least one PacketCapture`);
  }
  throwProblems(documents.flatMap((document) => positionedProblems(document, fileName)));
  const nameOf = (document: YamlDocument) => `${fileName}:${document.position(["metadata", "name"])}`;
  throwProblems(duplicateProblems(documents, nameOf));
  return documents.map(({ value, position }) => ({
    capture: asCreated(value),
    where: (path) => `${fileName}:${position(path)}`,
  }));
}

/**
 * @param file a path, or `-` for standard input
 * @throws PcapperError (exit code 2), also where the file cannot be read or is larger than 256 KiB
 */
export async function readManifestFile(file: string): Promise<LocatedCapture[]> {
  const name = file === "-" ? "standard input" : file;
  return readManifests(await readText(file, name, LARGEST_MANIFEST), name);
}
