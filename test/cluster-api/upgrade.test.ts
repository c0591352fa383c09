import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import invalid from "../fixtures/specs/invalid.json" with { type: "json" };
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import {
  applyCrd,
  crdPath,
  createCapture,
  patchCapture,
  patchCaptureStatus,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { refusedSentences } from "./refused-sentences.ts";

/** Captures that an older CRD, without any rule, let pass. */

const server = apiServerForFile();
const folder = makeTemporaryFolder();
afterAll(folder.remove);

/** A schema without its rules, all the way down. */
function withoutRules(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutRules);
  if (typeof schema !== "object" || schema === null) return schema;
  const kept = Object.entries(schema).filter(([name]) => name !== "x-kubernetes-validations");
  return Object.fromEntries(kept.map(([name, value]) => [name, withoutRules(value)]));
}

async function storedByOlderRules(namespace: string): Promise<string[]> {
  const { admin } = server();
  const lenient = join(folder.path, "lenient.json");
  writeFileSync(lenient, JSON.stringify(withoutRules(parse(readFileSync(crdPath, "utf8")))));
  await applyCrd(server(), lenient);
  await makeNamespace(admin, namespace);
  // The API server goes on with the rules it had for a moment: what it refuses now is tried again.
  for (const [index, { spec }] of invalid.entries()) {
    const create = (): Promise<string[]> =>
      refusedSentences(createCapture(admin, namespace, `old-${index}`, spec));
    await expect.poll(create, { timeout: 20_000 }).toEqual([]);
  }
  await applyCrd(server());
  await expect
    .poll(() => refusedSentences(createCapture(admin, namespace, "new", {})), { timeout: 20_000 })
    .toEqual(invalid[0]?.problems);
  return invalid.map((_, index) => `old-${index}`);
}

test("every capture that newer rules would refuse can still be stopped, and be given a status", async () => {
  const { admin } = server();
  const names = await storedByOlderRules("upgraded");
  const refused: string[] = [];
  for (const [index, name] of names.entries()) {
    const failure = { progress: "failure", reason: "InvalidSpec" };
    const sentences = [
      ...(await refusedSentences(patchCaptureStatus(admin, "upgraded", name, failure))),
      ...(await refusedSentences(patchCapture(admin, "upgraded", name, { spec: { stop: true } }))),
    ];
    if (sentences.length > 0) refused.push(`${invalid[index]?.name}: ${sentences.join("; ")}`);
  }
  expect(refused).toEqual([]);
});
