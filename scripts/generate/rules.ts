import type { CelRule } from "../../src/api/cel-rule.ts";
import type { SchemaNode } from "./schema.ts";

interface CrdValidation {
  rule: string;
  message: string;
  messageExpression?: string;
  fieldPath?: string;
  optionalOldSelf?: boolean;
}

function celRule(path: string[], validation: CrdValidation): CelRule {
  const optionalOldSelf = validation.optionalOldSelf === true;
  const below = validation.fieldPath?.split(".").filter((name) => name !== "") ?? [];
  return {
    path,
    shownAt: [...path, ...below],
    rule: validation.rule,
    message: validation.message,
    ...(validation.messageExpression === undefined
      ? {}
      : { messageExpression: validation.messageExpression }),
    transition: !optionalOldSelf && validation.rule.includes("oldSelf"),
    optionalOldSelf,
  };
}

/** All rules of the schema, outer objects first. */
export function collectRules(node: SchemaNode, path: string[] = []): CelRule[] {
  const own = (node["x-kubernetes-validations"] ?? []) as CrdValidation[];
  const below = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    collectRules(child, [...path, name]),
  );
  return [...own.map((validation) => celRule(path, validation)), ...below];
}

/** Names of the fields below each object, by its dotted path; "" is the resource. */
export function collectFields(node: SchemaNode, path: string[] = []): Record<string, string[]> {
  if (node.properties === undefined) return {};
  const below = Object.entries(node.properties).map(([name, child]) => collectFields(child, [...path, name]));
  return Object.assign({ [path.join(".")]: Object.keys(node.properties) }, ...below);
}
