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

/** Why a number is not what it looks like; undefined where it is. */
function numberTrouble(value: unknown, source: string | undefined): string | undefined {
  if (typeof value !== "number" || source === undefined) return undefined;
  // kubectl reads 0600 as octal 384, YAML 1.2 as 600: whoever wrote it cannot mean both.
  if (/^[-+]?0\d/.test(source))
    return "kubectl and YAML 1.2 read it as different numbers: write it without leading zeros";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return "no field takes a number that large";
  return undefined;
}

function numberProblems(document: Document, at: (offset: number) => string): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Scalar(_key, node, ancestors) {
      const trouble = numberTrouble(node.value, node.source);
      if (trouble === undefined) return;
      const names = ancestors.filter(isPair).map(({ key }) => (isScalar(key) ? String(key.value) : "?"));
      const message = `${at(node.range?.[0] ?? 0)}: ${pathText(names)} is ${node.source}: ${trouble}`;
      problems.push({ code: "PCAPPER_INVALID_SPEC", message });
    },
  });
  return problems;
}

/** Only the first: what follows a syntax error is mostly its echo. */
function syntaxProblems(document: Document.Parsed, at: (offset: number) => string, text: string): Problem[] {
  const [first] = [...document.errors, ...document.warnings];
  if (first === undefined) return [];
  const [start] = first.pos;
  const [field] = /^[^\s:]+/.exec(text.slice(start)) ?? ["that"];
  const sentence = first.message.replace(/\s+/g, " ").replace(/[.:]$/, "");
  const texts: Partial<Record<string, string>> = {
    DUPLICATE_KEY: `the field ${field} is there twice: keep one`,
    RESOURCE_EXHAUSTION: "it is nested too deeply",
  };
  const message = `${at(start)}: this is not valid YAML: ${texts[first.code] ?? sentence}`;
  return [{ code: "PCAPPER_INVALID_YAML", message }];
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

/** Documents without content have the value null. */
export function readYaml(text: string, fileName: string): YamlFile {
  const lines = new LineCounter();
  const at = (offset: number) => `${fileName}:${positionText(lines, offset)}`;
  const documents = parseDocuments(text, fileName, lines);
  const syntax = documents.flatMap((document) => syntaxProblems(document, at, text));
  const problems = syntax.length > 0 ? syntax : documents.flatMap((document) => numberProblems(document, at));
  if (problems.length > 0) return { documents: [], problems };
  return {
    problems,
    documents: documents.map((document) => ({
      value: plainValue(document, at(offsetOf(document, []))),
      position: (path) => positionText(lines, offsetOf(document, path)),
    })),
  };
}
