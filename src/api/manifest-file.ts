import { PcapperError, type Problem, throwProblems } from "../errors.ts";
import { foundText, valueAt } from "./field-path.ts";
import { kindProblems, type LocatedProblem, nameProblems } from "./metadata-problems.ts";
import { API_VERSION, KIND, type PacketCapture } from "./resource.ts";
import { resourceProblems } from "./resource-problems.ts";
import { readYaml, type YamlDocument } from "./yaml-document.ts";

/** Bytes. A capture takes about 500: this is a wrong file, not a large manifest. */
export const LARGEST_MANIFEST = 256 * 1024;

const DEFAULT_NAMESPACE = "default";

function documentProblems(value: unknown): LocatedProblem[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    const message = `the document is ${foundText(value)}: write the fields of a PacketCapture, apiVersion first`;
    return [{ code: "PCAPPER_INVALID_SPEC", path: [], message }];
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

/** The key of a resource; names of two kinds never meet in it. */
function resourceKey({ value }: YamlDocument): string {
  const namespace = valueAt(value, ["metadata", "namespace"]) ?? DEFAULT_NAMESPACE;
  return `${namespace}/${valueAt(value, ["metadata", "name"])}`;
}

function duplicateProblems(
  documents: readonly YamlDocument[],
  where: (at: YamlDocument) => string,
): Problem[] {
  return documents.flatMap((document, index) => {
    const key = resourceKey(document);
    const first = documents.slice(0, index).find((earlier) => resourceKey(earlier) === key);
    if (first === undefined) return [];
    const message = `${where(document)}: metadata.name ${key} is there twice, first at ${where(first)}: write another name`;
    return [{ code: "PCAPPER_DUPLICATE_NAME" as const, message }];
  });
}

function withoutStatus(document: YamlDocument): YamlDocument {
  if (typeof document.value !== "object" || document.value === null || Array.isArray(document.value))
    return document;
  const { status: _ignored, ...value } = document.value as Record<string, unknown>;
  return { ...document, value };
}

/**
 * Reads and validates all PacketCaptures of a manifest file. The specs carry the schema's defaults, as
 * the API server would store them; a status is ignored, as it would be there.
 * @param fileName is only shown.
 * @throws PcapperError (exit code 2) with one line for each problem, each with file, line and column
 */
export function readManifests(text: string, fileName: string): PacketCapture[] {
  const size = Buffer.byteLength(text);
  if (size > LARGEST_MANIFEST) {
    const message = `${fileName} has ${size} bytes: a manifest file may have at most ${LARGEST_MANIFEST}`;
    throw new PcapperError("PCAPPER_FILE_TOO_LARGE", message);
  }
  const yaml = readYaml(text, fileName);
  throwProblems(yaml.problems);
  if (yaml.documents.length === 0) {
    throw new PcapperError("PCAPPER_EMPTY_FILE", `${fileName} is empty: write at least one PacketCapture`);
  }
  const documents = yaml.documents.map(withoutStatus);
  const problems = documents.flatMap((document) =>
    documentProblems(document.value).map(({ code, path, message }) => ({
      code,
      message: `${fileName}:${document.position(path)}: ${message}`,
    })),
  );
  throwProblems(problems);
  throwProblems(duplicateProblems(documents, (at) => `${fileName}:${at.position(["metadata", "name"])}`));
  return documents.map(({ value }) => asCreated(value));
}
