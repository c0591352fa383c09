/** Makes src/api/generated from the CRD: types, validator and CEL rules, so that start-up compiles nothing. */
import { mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SchemaNode } from "./generate/schema.ts";

const ROOT = join(import.meta.dirname, "..");
const CRD = join(ROOT, "chart/crd/packetcaptures.yaml");
const OUTPUT = join(ROOT, "src/api/generated");
const OUTPUT_FILES = ["types.ts", "rules.ts", "fields.ts", "validator.mjs", "validator.d.mts"];
const BANNER = "// Made by scripts/generate.ts from chart/crd/packetcaptures.yaml.\n";

function inputFiles(): string[] {
  const parts = join(import.meta.dirname, "generate");
  return [CRD, import.meta.filename, ...readdirSync(parts).map((name) => join(parts, name))];
}

/** Milliseconds; 0 where there is no such file. */
function modifiedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function isUpToDate(): boolean {
  const newestInput = Math.max(...inputFiles().map(modifiedAt));
  return Math.min(...OUTPUT_FILES.map((name) => modifiedAt(join(OUTPUT, name)))) >= newestInput;
}

async function readSchema(): Promise<SchemaNode> {
  const { parse } = await import("yaml");
  const crd: { spec: { versions: [{ schema: { openAPIV3Schema: SchemaNode } }] } } = parse(
    readFileSync(CRD, "utf8"),
  );
  return crd.spec.versions[0].schema.openAPIV3Schema;
}

/** By rename, so that two runs at the same time never leave half a file. */
function writeWhole(name: string, text: string): void {
  const path = join(OUTPUT, name);
  const unfinished = `${path}.${process.pid}`;
  writeFileSync(unfinished, text);
  renameSync(unfinished, path);
}

async function generate(): Promise<void> {
  const { typesSchema, validatorSchema } = await import("./generate/schema.ts");
  const { collectFields, collectRules } = await import("./generate/rules.ts");
  const { validatorModule, VALIDATOR_TYPES } = await import("./generate/validator.ts");
  const { compile } = await import("json-schema-to-typescript");
  const schema = await readSchema();
  const types = await compile(typesSchema(schema), "PacketCapture", {
    bannerComment: BANNER.trimEnd(),
    format: false,
    ignoreMinAndMaxItems: true,
  });
  const rules = JSON.stringify(collectRules(schema), null, 2);
  mkdirSync(OUTPUT, { recursive: true });
  writeWhole("types.ts", types);
  writeWhole(
    "rules.ts",
    `${BANNER}import type { CelRule } from "../cel-rule.ts";\n\nexport const RULES: readonly CelRule[] = ${rules};\n`,
  );
  const strict = validatorSchema(schema);
  const fields = JSON.stringify(collectFields(strict), null, 2);
  writeWhole(
    "fields.ts",
    `${BANNER}export const FIELDS: Readonly<Record<string, readonly string[]>> = ${fields};\n`,
  );
  writeWhole("validator.mjs", BANNER + validatorModule(strict));
  writeWhole("validator.d.mts", BANNER + VALIDATOR_TYPES);
}

if (!isUpToDate()) await generate();
