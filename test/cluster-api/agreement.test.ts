import { expect, test } from "vitest";
import changes from "../fixtures/specs/changes.json" with { type: "json" };
import invalid from "../fixtures/specs/invalid.json" with { type: "json" };
import invalidShape from "../fixtures/specs/invalid-shape.json" with { type: "json" };
import statusChanges from "../fixtures/specs/status-changes.json" with { type: "json" };
import valid from "../fixtures/specs/valid.json" with { type: "json" };
import {
  capturesPath,
  createCapture,
  patchCaptureStatus,
  readCapture,
  type StoredCapture,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";
import { refusedSentences } from "./refused-sentences.ts";

/** The tables that `pcapper validate` is tested with (test/unit/api/spec-table.test.ts), on a real API server. */

const server = apiServerForFile();
let count = 0;

function create(spec: unknown): Promise<StoredCapture> {
  count += 1;
  return createCapture(server().admin, "pcapper", `capture-${count}`, spec);
}

/** The API server checks fields in no order. */
async function verdict(attempt: Promise<unknown>): Promise<string[]> {
  return (await refusedSentences(attempt)).sort();
}

test.each(valid)("$name is accepted by the API server", async ({ spec }) => {
  expect(await verdict(create(spec))).toEqual([]);
});

test.each(invalid)(
  "$name is refused by the API server with the same sentence",
  async ({ spec, problems }) => {
    expect(await verdict(create(spec))).toEqual([...problems].sort());
  },
);

/** Takes a field of the value null as left out, which `pcapper validate` does not. */
const hasNullField = ({ spec }: { spec: unknown }): boolean =>
  Object.values(spec ?? {}).some((value) => value === null);

test.each(invalidShape.filter((entry) => !hasNullField(entry)))(
  "$name is refused by the API server in its own words",
  async ({ spec }) => {
    expect(await verdict(create(spec))).not.toEqual([]);
  },
);

test.each(invalidShape.filter(hasNullField))(
  "$name counts as left out for the API server",
  async ({ spec }) => {
    const { spec: stored } = await create(spec);
    expect(Object.values(stored)).not.toContain(null);
  },
);

const STORED_BY_OLDER_RULES = "a stop of a capture that today's rules would refuse";

test.each(changes.filter(({ name }) => name !== STORED_BY_OLDER_RULES))(
  "changing a capture: $name",
  async ({ before, after, problems }) => {
    const stored = await create(before);
    const path = capturesPath("pcapper", stored.metadata.name);
    expect(await verdict(server().admin.put(path, { ...stored, spec: after }))).toEqual(problems);
  },
);

test.each(statusChanges)("changing a status: $name", async ({ before, after, problems }) => {
  const { admin } = server();
  const { metadata } = await create({ targetNode: "a", targetInterface: "eth0" });
  await patchCaptureStatus(admin, "pcapper", metadata.name, before);
  const { status: _, ...stored } = await readCapture(admin, "pcapper", metadata.name);
  const next = after === null ? stored : { ...stored, status: after };
  const path = `${capturesPath("pcapper", metadata.name)}/status`;
  expect(await verdict(admin.put(path, next))).toEqual(problems);
});
