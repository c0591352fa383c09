import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ownFiles } from "../../../src/store/files/own-files.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = makeTemporaryFolder();
  for (const number of ["00003", "00004", "00070"]) writeFileSync(join(folder.path, `a.${number}.pcap`), "");
});
afterEach(() => folder.remove());

const numbers = async () => (await ownFiles(folder.path, "a")).map(({ number }) => number);

function writeManifest(facts: object): void {
  const times = { firstTimestamp: "", lastTimestamp: "" };
  const file = { number: 3, name: "a.00003.pcap", packets: 1, bytes: 100, ...times };
  const manifest = {
    manifest: "pcapper/v1",
    capture: {
      namespace: "n",
      name: "a",
      uid: "u",
      node: "n",
      spec: { targetNode: "n", targetInterface: "e" },
    },
    reservedThrough: 64,
    files: [file],
    removed: { files: 2, packets: 0 },
    statistics: {},
    ...facts,
  };
  writeFileSync(join(folder.path, "a.json"), JSON.stringify(manifest));
}

test("of a capture that has its end, only what its manifest lists is its own", async () => {
  writeManifest({ finished: { reason: "Stopped", message: "", time: "2026-01-01T00:00:00Z" } });
  expect(await numbers()).toEqual([3]);
});

test("where the manifest could not be ended, what it reserved is its own too", async () => {
  writeManifest({});
  expect(await numbers()).toEqual([3, 4]);
});

test("without a manifest the names must do", async () => {
  expect(await numbers()).toEqual([3, 4, 70]);
});
