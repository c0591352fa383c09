import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import type { ApiServer } from "./api-server.ts";
import { applyCrd, crdPath } from "./packet-captures.ts";

/** Applies the project's CRD as an older release may have had it: without any rule. */
export async function applyLenientCrd(server: ApiServer): Promise<void> {
  const folder = makeTemporaryFolder();
  const lenient = join(folder.path, "lenient.json");
  writeFileSync(lenient, JSON.stringify(withoutRules(parse(readFileSync(crdPath, "utf8")))));
  await applyCrd(server, lenient);
  folder.remove();
}

/** A schema without its rules, all the way down. */
function withoutRules(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRules);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name]) => name !== "x-kubernetes-validations");
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutRules(value)]));
}
