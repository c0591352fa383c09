/** Field names and types, as the generated validator sees them, in sentences. */
import type { ErrorObject } from "ajv";
import { type FieldPath, type FieldProblem, foundText, pathText, valueAt } from "./field-path.ts";
import { FIELDS } from "./generated/fields.ts";
import { RULES } from "./generated/rules.ts";
import validate from "./generated/validator.mjs";
import { similarName } from "./similar-name.ts";

const TYPE_TEXTS: Record<string, string> = {
  object: "a group of fields, indented below it",
  array: "a list",
  string: "text (in quotes where YAML would read something else)",
  boolean: "true or false",
  integer: "a whole number",
};

function pointerPath(pointer: string): FieldPath {
  return pointer
    .split("/")
    .slice(1)
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"))
    .map((name) => (/^\d+$/.test(name) ? Number(name) : name));
}

function unknownField(parent: FieldPath, name: string): FieldProblem {
  const owner = parent.length === 0 ? "a PacketCapture" : pathText(parent);
  const known = FIELDS[parent.join(".")] ?? [];
  const meant = similarName(name, known);
  const path = [...parent, name];
  const start = `${foundText(pathText(path)).slice(1, -1)} is not a field of ${owner}`;
  if (parent.join(".") !== "spec" && FIELDS.spec?.includes(name)) {
    return { path, message: `${start}: it belongs below spec` };
  }
  const hint = meant === undefined ? `its fields are ${known.join(", ")}` : `did you mean ${meant}?`;
  return { path, message: `${start}: ${hint}` };
}

/** Fields that take a number or a string have a rule that says what to write. */
function expectedText(path: FieldPath, types: readonly string[]): string {
  const [type = "object"] = types;
  const place = path.join(".");
  const rule = RULES.find((one) => types.length > 1 && !one.transition && one.path.join(".") === place);
  return rule?.message ?? `write ${TYPE_TEXTS[type] ?? type}`;
}

/** A list of types comes from the validator as an array, or as one text with commas. */
function typeNames(type: unknown): string[] {
  return Array.isArray(type) ? type.map(String) : String(type).split(",");
}

function shapeProblem(error: ErrorObject, resource: unknown): FieldProblem {
  const path = pointerPath(error.instancePath);
  const found = valueAt(resource, path);
  switch (error.keyword) {
    case "additionalProperties":
      return unknownField(path, String(error.params.additionalProperty));
    case "type":
      return {
        path,
        message: `${pathText(path)} is ${foundText(found)}: ${expectedText(path, typeNames(error.params.type))}`,
      };
    case "required": {
      const missing = [...path, String(error.params.missingProperty)];
      const hint =
        FIELDS[missing.join(".")] === undefined ? "write it" : "write it, with its fields indented below";
      return { path: missing, message: `${pathText(missing)} is missing: ${hint}` };
    }
    case "maxLength":
      return {
        path,
        message: `${pathText(path)} has ${String(found).length} characters: write at most ${error.params.limit}`,
      };
    default:
      return {
        path,
        message: `${pathText(path)} is ${foundText(found)}: it ${error.message ?? "is not allowed"}`,
      };
  }
}

/** More help nobody, and each takes time to word. */
export const MOST_SHAPE_PROBLEMS = 20;

/**
 * Checks names and types, and puts the defaults of the schema into `resource`, as the API server does.
 * @returns the first MOST_SHAPE_PROBLEMS of them
 */
export function shapeProblems(resource: unknown): FieldProblem[] {
  if (validate(resource)) return [];
  return (validate.errors ?? []).slice(0, MOST_SHAPE_PROBLEMS).map((error) => shapeProblem(error, resource));
}
