import { expect, test } from "vitest";
import invalid from "../fixtures/specs/invalid.json" with { type: "json" };
import { applyLenientCrd } from "../kubernetes/lenient-crd.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { applyCrd, createCapture, patchCapture, patchCaptureStatus } from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { refusedSentences } from "./refused-sentences.ts";

/** Captures that an older CRD, without any rule, let pass. */

const server = apiServerForFile();

async function storedByOlderRules(namespace: string): Promise<string[]> {
  const { admin } = server();
  await applyLenientCrd(server());
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
