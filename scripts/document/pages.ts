import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { SchemaNode } from "../generate/schema.ts";
import { fieldsTable } from "./fields-table.ts";
import { withSection } from "./section.ts";
import { valuesTable } from "./values-table.ts";

const ROOT = join(import.meta.dirname, "../..");

export interface Page {
  path: string;
  /** As it should be. */
  text: string;
}

/** The pages with tables made from other files; the rest of each page stays as it is. */
export function documentedPages(): Page[] {
  const status = crdSchema().properties?.status;
  const fields = join(ROOT, "docs/fields.md");
  const values = join(ROOT, "docs/values.md");
  const tables = {
    spec: fieldsTable(crdSchema().properties?.spec),
    status: fieldsTable(status),
  };
  const chart = valuesTable(readFileSync(join(ROOT, "chart/values.yaml"), "utf8"));
  return [
    { path: fields, text: withSections(readFileSync(fields, "utf8"), tables) },
    { path: values, text: withSections(readFileSync(values, "utf8"), { values: chart }) },
  ];
}

function withSections(page: string, tables: Readonly<Record<string, string>>): string {
  return Object.entries(tables).reduce((text, [name, table]) => withSection(text, name, table), page);
}

function crdSchema(): SchemaNode {
  const crd: { spec: { versions: [{ schema: { openAPIV3Schema: SchemaNode } }] } } = parse(
    readFileSync(join(ROOT, "chart/crd/packetcaptures.yaml"), "utf8"),
  );
  return crd.spec.versions[0].schema.openAPIV3Schema;
}
