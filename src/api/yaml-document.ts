/** YAML text → plain values that still know where in the file they stand. */
import { type Document, isAlias, isMap, isScalar, LineCounter, parseAllDocuments } from "yaml";
import { PcapperError, type Problem } from "../errors.ts";
import type { FieldPath } from "./field-path.ts";
import { ambiguityProblems, syntaxProblems } from "./yaml-problems.ts";

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
    const documents = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: "error",
      merge: true,
      uniqueKeys: false,
    });
    return Array.isArray(documents) ? documents : [];
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

/** Documents without content have the value null. */
export function readYaml(text: string, fileName: string): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number) => `${fileName}:${positionText(lines, offset)}`;
  const documents = parseDocuments(text, fileName, lines);
  const syntax = documents.flatMap((document) => syntaxProblems(document, at));
  const problems =
    syntax.length > 0 ? syntax : documents.flatMap((document) => ambiguityProblems(document, at));
  if (problems.length > 0) return { documents: [], problems };
  return {
    problems,
    documents: documents.map((document) => ({
      value: plainValue(document, at(offsetOf(document, []))),
      position: (path) => positionText(lines, offsetOf(document, path)),
    })),
  };
}
