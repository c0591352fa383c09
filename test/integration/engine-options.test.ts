import { readdirSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { loadNative, NO_PACKETS } from "../../src/capture/native.ts";
import { ENGINE_OPTIONS } from "../helpers/engine-options.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";

const EARLIER = {
  startTime: "",
  monotonicStart: 0,
  nextNumber: 2,
  files: [],
  statistics: NO_PACKETS,
  removedThrough: "",
  gaps: "[]",
  gapFrom: "",
};

const FILE = { name: "t.00001.pcap", packets: 1, bytes: 100, firstTimestamp: "", lastTimestamp: "" };
const TOO_LARGE = 2 ** 32;

// Cut to 32 bits it would be 0: names that were used come again, or a ring that keeps nothing.
test.each([
  ["nextNumber", { earlier: { ...EARLIER, nextNumber: TOO_LARGE } }],
  ["number", { earlier: { ...EARLIER, files: [{ ...FILE, number: TOO_LARGE }] } }],
  ["fileCount", { fileCount: TOO_LARGE }],
  ["snapLength", { snapLength: TOO_LARGE, maxFileSize: 2 ** 40 }],
])("a %s that 32 bits cannot hold is refused, and nothing is begun", (name, wrong) => {
  const folder = makeTemporaryFolder();
  onTestFinished(() => folder.remove());
  const start = () =>
    loadNative().startCapture({ ...ENGINE_OPTIONS, folder: folder.path, ...wrong }, () => undefined);
  expect(start).toThrow(`${name} must be a whole number from 0 to 2^32 - 1, not 4294967296`);
  expect(readdirSync(folder.path)).toEqual([]);
});
