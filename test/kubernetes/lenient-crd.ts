import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import type { ApiServer } from "./api-server.ts";
import { applyCrd, crdPath } from "./packet-captures.ts";

/** Applies the project's CRD as an older release may have had it: without any rule. */
export async function applyLenientCrd(server: ApiServer): Promise<void> {
  await applyChanged(server, withoutRules);
}

/** Applies the project's CRD as a newer release may have it: with the spec's field `futureField`. */
export async function applyNewerCrd(server: ApiServer): Promise<void> {
  await applyChanged(server, (crd) => {
    for (const { schema } of (crd as NewerCrd).spec.versions) {
      schema.openAPIV3Schema.properties.spec.properties.futureField = { type: "string" };
    }
    return crd;
  });
}

interface NewerCrd {
  spec: {
    versions: {
      schema: { openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } };
    }[];
  };
}

async function applyChanged(server: ApiServer, change: (crd: unknown) => unknown): Promise<void> {
  const folder = makeTemporaryFolder();
  const changed = join(folder.path, "crd.json");
  writeFileSync(changed, JSON.stringify(change(parse(readFileSync(crdPath, "utf8")))));
  await applyCrd(server, changed);
  folder.remove();
}

/** A schema without its rules, all the way down. */
function withoutRules(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRules);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name]) => name !== "x-kubernetes-validations");
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutRules(value)]));
}
