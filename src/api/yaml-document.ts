/** YAML text → plain values that still know where in the file they stand. */
import { type Document, isAlias, isMap, isPair, isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import { PcapperError, type Problem } from "../errors.ts";
import { type FieldPath, pathText } from "./field-path.ts";

export interface YamlDocument {
  value: unknown;
  /** `line:column` of the field, or of the nearest one above it that is there. */
  position(path: FieldPath): string;
}

/** Enough for any real manifest, far too few for an alias bomb. */
const MOST_ALIASES = 100;

function offsetOf(document: Document, path: FieldPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const name of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (!isMap(node)) return offset;
    const pair = node.items.find((item) => isScalar(item.key) && item.key.value === name);
    if (pair === undefined || !isScalar(pair.key)) return offset;
    offset = pair.key.range?.[0] ?? offset;
    node = pair.value;
  }
  return offset;
}

function positionText(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `${line}:${col}`;
}

/** kubectl reads 0600 as octal 384, YAML 1.2 as 600: whoever wrote it cannot mean both. */
function leadingZeroProblems(document: Document, at: (offset: number) => string): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(_key, node, ancestors) {
      if (typeof node.value !== "number" || !/^[-+]?0\d/.test(node.source ?? "")) return;
      const names = ancestors.filter(isPair).map(({ key }) => (isScalar(key) ? String(key.value) : "?"));
      const message = `${pathText(names)} is ${node.source}, which kubectl and YAML 1.2 read as different numbers: write it without leading zeros`;
      problems.push({ code: "PCAPPER_INVALID_SPEC", message: `${at(node.range?.[0] ?? 0)}: ${message}` });
    },
  });
  return problems;
}

function yamlProblems(document: Document.Parsed, at: (offset: number) => string): Problem[] {
  const broken = [...document.errors, ...document.warnings].map(({ message, pos }) => {
    const sentence = message.replace(/\s+/g, " ").replace(/[.:]$/, "");
    return {
      code: "PCAPPER_INVALID_YAML" as const,
      message: `${at(pos[0])}: this is not valid YAML: ${sentence}`,
    };
  });
  return broken.length > 0 ? broken.slice(0, 1) : leadingZeroProblems(document, at);
}

function plainValue(document: Document, where: string): unknown {
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new PcapperError("PCAPPER_INVALID_YAML", `${where}: the YAML aliases cannot be resolved: ${text}`, {
      cause,
    });
  }
}

function parseDocuments(text: string, fileName: string, lines: LineCounter): Document.Parsed[] {
  try {
    const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false, merge: true });
    return Array.isArray(documents)
      ? documents.filter(({ contents, errors }) => contents !== null || errors.length > 0)
      : [];
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new PcapperError("PCAPPER_INVALID_YAML", `${fileName}: the YAML is nested too deeply`, { cause });
  }
}

export interface YamlFile {
  documents: YamlDocument[];
  /** Each starts with `FILE:LINE:COLUMN`. */
  problems: Problem[];
}

/** Documents without content are left out. */
export function readYaml(text: string, fileName: string): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number) => `${fileName}:${positionText(lines, offset)}`;
  const documents = parseDocuments(text, fileName, lines);
  const problems = documents.flatMap((document) => yamlProblems(document, at));
  if (problems.length > 0) return { documents: [], problems };
  return {
    problems,
    documents: documents.map((document) => ({
      value: plainValue(document, at(offsetOf(document, []))),
      position: (path) => positionText(lines, offsetOf(document, path)),
    })),
  };
}
