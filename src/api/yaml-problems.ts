/** What is wrong with a document as YAML, before anyone asks what it means. */
import { type Document, isPair, isScalar, visit } from "yaml";
import type { Problem } from "../errors.ts";
import { pathText } from "./field-path.ts";

/** Offset in the text → `FILE:LINE:COLUMN`. */
export type PositionOf = (offset: number) => string;

/** Why a number is not what it looks like; undefined where it is. */
function numberTrouble(value: unknown, source: string | undefined): string | undefined {
  if (typeof value !== "number" || source === undefined) return undefined;
  // kubectl reads 0600 as octal 384, YAML 1.2 as 600: whoever wrote it cannot mean both.
  if (/^[-+]?0\d/.test(source))
    return "kubectl and YAML 1.2 read it as different numbers: write it without leading zeros";
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return "no field takes a number that large";
  return undefined;
}

function numberProblems(document: Document, at: PositionOf): Problem[] {
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

/** YAML's own check compares every key with every other, which takes seconds for thousands. */
function repeatedKeyProblems(document: Document, at: PositionOf): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map(_key, map) {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const message = `${at(key.range?.[0] ?? 0)}: the field ${String(key.value)} is there twice: keep one`;
        if (seen.has(key.value)) problems.push({ code: "PCAPPER_INVALID_YAML", message });
        seen.add(key.value);
      }
    },
  });
  return problems;
}

/** Only the first: what follows a syntax error is mostly its echo. */
export function syntaxProblems(document: Document.Parsed, at: PositionOf): Problem[] {
  const [first] = [...document.errors, ...document.warnings];
  if (first === undefined) return [];
  const [start] = first.pos;
  const sentence = first.message.replace(/\s+/g, " ").replace(/[.:]$/, "");
  const tooDeep = first.code === "RESOURCE_EXHAUSTION";
  const message = `${at(start)}: this is not valid YAML: ${tooDeep ? "it is nested too deeply" : sentence}`;
  return [{ code: "PCAPPER_INVALID_YAML", message }];
}

/** Fields and numbers that two readers of the same text would understand differently. */
export function ambiguityProblems(document: Document, at: PositionOf): Problem[] {
  return [...repeatedKeyProblems(document, at), ...numberProblems(document, at)];
}
