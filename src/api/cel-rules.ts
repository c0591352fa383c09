/** Runs the CRD's CEL rules as the API server would. */
import { type Environment, Optional, type ParseResult } from "@marcbachmann/cel-js";
import { celEnvironment } from "./cel-environment.ts";
import type { CelRule } from "./cel-rule.ts";
import { type FieldPath, type FieldProblem, valueAt } from "./field-path.ts";
import { RULES } from "./generated/rules.ts";

/** CEL's integers are BigInt; objects keep their absent fields absent. */
function celValue(value: unknown): unknown {
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(celValue);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, celValue(field)]));
}

let environment: Environment | undefined;
const parsed = new Map<string, ParseResult>();

function evaluate(expression: string, context: Record<string, unknown>): unknown {
  let program = parsed.get(expression);
  if (program === undefined) {
    environment ??= celEnvironment();
    program = environment.parse(expression);
    parsed.set(expression, program);
  }
  return program(context);
}

function sentence(rule: CelRule, context: Record<string, unknown>): string {
  if (rule.messageExpression === undefined) return rule.message;
  const text = evaluate(rule.messageExpression, context);
  return typeof text === "string" ? text : rule.message;
}

function brokenRule(rule: CelRule, resource: unknown, oldResource: unknown): FieldProblem | undefined {
  const self = celValue(valueAt(resource, rule.path));
  const old = celValue(valueAt(oldResource, rule.path));
  if (self === undefined || (rule.transition && old === undefined)) return undefined;
  const optionalOld = old === undefined ? Optional.none() : Optional.of(old);
  const context = { self, oldSelf: rule.optionalOldSelf ? optionalOld : (old ?? null) };
  return evaluate(rule.rule, context) === true
    ? undefined
    : { path: rule.shownAt, message: sentence(rule, context) };
}

function isWithin(path: FieldPath, outer: FieldPath): boolean {
  return outer.every((name, index) => path[index] === name);
}

/**
 * @param resource has the schema's types, except at the places named by `wrongPlaces`: no rule looks there.
 * @param oldResource what the API server had before; undefined at creation.
 */
export function celProblems(
  resource: unknown,
  oldResource?: unknown,
  wrongPlaces: readonly FieldPath[] = [],
): FieldProblem[] {
  return RULES.filter((rule) => !wrongPlaces.some((place) => isWithin(place, rule.path)))
    .map((rule) => brokenRule(rule, resource, oldResource))
    .filter((problem) => problem !== undefined);
}
