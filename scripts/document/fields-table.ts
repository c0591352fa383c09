import type { SchemaNode } from "../generate/schema.ts";
import { markdownTable } from "./section.ts";

/** A line for each field below `node`, by its dotted path. @throws Error where one has no description */
export function fieldsTable(node: SchemaNode | undefined): string {
  const rows = fieldRows(node ?? {}, "");
  return markdownTable(["field", "type", "default", "meaning"], rows);
}

function fieldRows(node: SchemaNode, path: string): string[][] {
  return Object.entries(node.properties ?? {}).flatMap(([name, field]) => {
    const here = `${path}${name}`;
    if (typeof field.description !== "string") throw new Error(`field ${here} has no description`);
    const value = field.default === undefined ? "" : `\`${field.default}\``;
    const row = [`\`${here}\``, typeOf(field), value, field.description];
    const below = field.type === "array" && field.items ? fieldRows(field.items, `${here}[].`) : [];
    return [row, ...fieldRows(field, `${here}.`), ...below];
  });
}

function typeOf(field: SchemaNode): string {
  if (field["x-kubernetes-int-or-string"] === true) return "number or string";
  if (Array.isArray(field.enum)) return field.enum.map((word) => `\`${word}\``).join(", ");
  if (field.format === "date-time") return "time (RFC 3339)";
  return field.type === "array" ? "list" : String(field.type);
}
