/** Field names from the resource down; numbers are places in a list. */
export type FieldPath = readonly (string | number)[];

/** A sentence, and the field it is about. */
export interface FieldProblem {
  path: FieldPath;
  message: string;
}

/** `spec.captureFilter`, `status.conditions[0].type`; the resource itself is "the document". */
export function pathText(path: FieldPath): string {
  if (path.length === 0) return "the document";
  return path
    .map((name) => (typeof name === "number" ? `[${name}]` : `.${name}`))
    .join("")
    .replace(/^\./, "");
}

/** `undefined` where a field on the way is absent. */
export function valueAt(value: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>((at, name) => {
    return typeof at === "object" && at !== null ? Reflect.get(at, name) : undefined;
  }, value);
}

const MOST_SHOWN = 80;

/** What a person would call the value that was found. */
export function foundText(value: unknown): string {
  if (value === null || value === undefined) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a group of fields";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text;
}
