import { mkdirSync, readFileSync, rmdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findRemains, repairRemains } from "../../../src/store/files/remains.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";
import { createFakeNative, type FakeNative } from "../agent/fake-native.ts";

const PREFIX = "n.pcap1.1";
const DIED = new Date("2026-11-24T20:00:10.000Z");

let output: TemporaryFolder;
let native: FakeNative;

beforeEach(() => {
  output = makeTemporaryFolder();
  native = createFakeNative();
  mkdirSync(inFolder(""));
  writeFileSync(inFolder(`${PREFIX}.json`), JSON.stringify(manifest()));
  writeFileSync(inFolder(`${PREFIX}.00002.pcap.part`), "x".repeat(700));
  for (const name of [`${PREFIX}.json`, `${PREFIX}.00002.pcap.part`]) utimesSync(inFolder(name), DIED, DIED);
});
afterEach(() => output.remove());

const inFolder = (name: string) => join(output.path, "pcap1", name);

function manifest(): unknown {
  const spec = { targetNode: "n", targetInterface: "eth0" };
  return {
    manifest: "pcapper/v1",
    capture: { cluster: "", namespace: "default", name: "pcap1", uid: "u-1", node: "n", spec },
    startTime: "2026-11-24T20:00:00.000000000Z",
    reservedThrough: 64,
    files: [],
    removed: { files: 0, packets: 0 },
    statistics: {},
    gaps: [],
  };
}

async function repair() {
  const found = await findRemains(output.path, "pcap1", "u-1");
  if (found === undefined) throw new Error("nothing was found");
  return repairRemains(native, found, () => undefined);
}

test("a repair that fails halfway and is done again still knows when the capture was last seen, and its highest number", async () => {
  const obstacle = inFolder(`.${PREFIX}.json.tmp`);
  native.recoverFile = async (path) => {
    // Empty: it goes, and the manifest that would say so cannot be written.
    rmSync(path);
    mkdirSync(obstacle);
    return { packets: 0, bytes: 24, cutBytes: 676, firstTimestamp: "", lastTimestamp: "" };
  };
  await expect(repair()).rejects.toThrow();
  rmdirSync(obstacle);
  const { lastSeen, manifest: repaired } = await repair();
  expect(lastSeen).toBe("2026-11-24T20:00:00.000Z");
  expect(repaired).toMatchObject({ highestNumber: 2, lastSeen, files: [] });
  expect(JSON.parse(readFileSync(inFolder(`${PREFIX}.json`), "utf8"))).toEqual(repaired);
});

test.each(["z.json", `z.${PREFIX}.json`, "n.pcap1.2.json.json"])(
  "a copy of the manifest that somebody made, %s, is not gone on with",
  async (copy) => {
    writeFileSync(inFolder(copy), readFileSync(inFolder(`${PREFIX}.json`)));
    expect(await findRemains(output.path, "pcap1", "u-1")).toMatchObject({ prefix: PREFIX });
    rmSync(inFolder(`${PREFIX}.json`));
    expect(await findRemains(output.path, "pcap1", "u-1")).toBeUndefined();
  },
);
