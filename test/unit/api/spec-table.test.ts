import { expect, test } from "vitest";
import { planCapture } from "../../../src/api/plan.ts";
import { resourceProblems } from "../../../src/api/resource-problems.ts";
import changes from "../../fixtures/specs/changes.json" with { type: "json" };
import invalid from "../../fixtures/specs/invalid.json" with { type: "json" };
import invalidShape from "../../fixtures/specs/invalid-shape.json" with { type: "json" };
import statusChanges from "../../fixtures/specs/status-changes.json" with { type: "json" };
import valid from "../../fixtures/specs/valid.json" with { type: "json" };

function resource(spec: unknown, status?: unknown): unknown {
  const body = {
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name: "a" },
  };
  return structuredClone({ ...body, spec, ...(status === undefined || status === null ? {} : { status }) });
}

/** As the API server keeps it: with its defaults. */
function stored(spec: unknown, status?: unknown): unknown {
  const before = resource(spec, status);
  resourceProblems(before);
  return before;
}

function sentences(after: unknown, before?: unknown): string[] {
  return resourceProblems(after, before).map(({ message }) => message);
}

test.each(valid)("$name is accepted, and has a plan", ({ spec }) => {
  const accepted = resource(spec);
  expect(sentences(accepted)).toEqual([]);
  expect(planCapture((accepted as Parameters<typeof planCapture>[0] & { spec: object }).spec)).toBeDefined();
});

test.each([...invalid, ...invalidShape])("$name is refused with a sentence", ({ spec, problems }) => {
  expect(sentences(resource(spec))).toEqual(problems);
});

test.each(changes)("changing a capture: $name", ({ before, after, problems }) => {
  expect(sentences(resource(after), stored(before))).toEqual(problems);
});

const NODE_SPEC = { targetNode: "a", targetInterface: "eth0" };

test.each(statusChanges)("changing a status: $name", ({ before, after, problems }) => {
  expect(sentences(resource(NODE_SPEC, after), stored(NODE_SPEC, before))).toEqual(problems);
});
