import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decideOnRemains } from "../../../src/agent/cluster/remains-decision.ts";
import { lastUse } from "../../../src/agent/retention/age.ts";
import type { PacketCapture } from "../../../src/api/resource.ts";
import type { Manifest, ManifestFile } from "../../../src/store/files/manifest.ts";
import { recoverAll } from "../../../src/store/files/recovery.ts";
import { findRemains, repairRemains } from "../../../src/store/files/remains.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { createFakeNative } from "../agent/fake-native.ts";

/** The largest ring that the schema allows: whoever takes each file for an argument, or looks at all for each, shows. */
const FILES = 99_999;
const PREFIX = "n.large.1";
const START = Date.parse("2026-01-01T00:00:00Z");
const SPEC = { targetNode: "n", targetInterface: "eth0", captureSeconds: 600, fileCount: FILES };

const time = (milliseconds: number) => new Date(milliseconds).toISOString();
const nameOf = (number: number) => `${PREFIX}.${String(number).padStart(5, "0")}.pcap`;
const LISTED: ManifestFile[] = Array.from({ length: FILES }, (_, index) => ({
  name: nameOf(index + 1),
  number: index + 1,
  packets: 1,
  bytes: 0,
  firstTimestamp: time(START),
  lastTimestamp: time(START + index),
}));
const MANIFEST: Manifest = {
  manifest: "pcapper/v1",
  capture: { namespace: "default", name: "large", uid: "u-1", node: "n", spec: SPEC },
  startTime: time(START),
  reservedThrough: FILES + 64,
  files: LISTED,
  removed: { files: 0, packets: 0 },
  statistics: { packets: FILES, files: FILES },
};

let output: TemporaryFolder;
let folder: string;

beforeAll(() => {
  output = makeTemporaryFolder();
  folder = join(output.path, "large");
  mkdirSync(folder);
  for (const { name } of LISTED) writeFileSync(join(folder, name), "");
}, 60_000);
afterAll(() => output.remove());

const manifestPath = () => join(folder, `${PREFIX}.json`);
const died = (): void => {
  rmSync(join(folder, `${PREFIX}.status.json`), { force: true });
  writeFileSync(manifestPath(), JSON.stringify(MANIFEST));
};

test("a ring of 99,999 files is repaired after a crash, and nothing is said to be skipped", async () => {
  died();
  const said: string[] = [];
  expect(await recoverAll(createFakeNative(), output.path, (line) => said.push(line))).toBe(1);
  expect(said).toEqual([expect.stringContaining("default/large: Interrupted")]);
  const { finished, files } = JSON.parse(readFileSync(manifestPath(), "utf8")) as Manifest;
  expect(finished).toMatchObject({ reason: "Interrupted", time: time(START + FILES - 1) });
  expect(files).toHaveLength(FILES);
  expect(readdirSync(folder)).toHaveLength(FILES + 2);
}, 60_000);

test("a ring of 99,999 files goes on behind its last number", async () => {
  died();
  const found = await findRemains(output.path, "large", "u-1");
  if (found === undefined) throw new Error("its manifest was not found");
  const remains = await repairRemains(createFakeNative(), found, () => undefined);
  expect(remains.lastSeen).toBe(time(START + FILES - 1));
  const capture = { metadata: { name: "large" }, spec: SPEC } as PacketCapture;
  const decision = decideOnRemains(capture, remains, START + 300_000, { boot: "", seconds: 0 });
  if (decision.go !== "on") throw new Error("it should go on");
  expect(decision.earlier.nextNumber).toBe(FILES + 1);
  expect(decision.earlier.files).toHaveLength(FILES);
  expect(existsSync(join(folder, nameOf(1)))).toBe(true);
}, 60_000);

test("a ring of 99,999 files knows when it was last of use", () => {
  const written = LISTED.map((_, index) => START + 2 * index);
  expect(lastUse({ epoch: START, manifest: MANIFEST }, written)).toBe(START + 2 * (FILES - 1));
});
