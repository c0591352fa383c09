import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { filesWithoutManifest } from "../../../../src/agent/cluster/files-without-manifest.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../../src/api/resource.ts";
import { goodManifest, PREFIX } from "../../../helpers/capture-remains.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../../helpers/temporary-folder.ts";

const FILES = [`${PREFIX}.00001.pcap`, `${PREFIX}.00002.pcap.part`];
const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: "pcapper", name: "pcap1", uid: "u1" },
  spec: { targetNode: "n", targetInterface: "eth0" },
  status: { progress: "running", node: "n", scheduledTime: "2025-11-24T16:00:00Z" },
};

let hostmount: TemporaryFolder;
beforeEach(() => {
  hostmount = makeTemporaryFolder();
  mkdirSync(join(hostmount.path, "pcap1"));
  for (const name of [...FILES, "n.pcap1.1763000000.00001.pcap"]) put(name, "packets");
});
afterEach(() => hostmount.remove());

const put = (name: string, text: string) => writeFileSync(join(hostmount.path, "pcap1", name), text);
const told = (capture = CAPTURE) => filesWithoutManifest(hostmount.path, "n", capture);

test.each([
  ["is missing", undefined],
  ["was torn", JSON.stringify(goodManifest("pcap1", "u1", false)).slice(0, 300)],
  ["says what cannot be", JSON.stringify({ ...goodManifest("pcap1", "u1", false), gaps: 5 })],
  ["has another's name", JSON.stringify(goodManifest("pcap2", "u1", false))],
])(
  "files of a capture whose manifest %s are told, and none that is older than its claim",
  async (_what, text) => {
    if (text !== undefined) put(`${PREFIX}.json`, text);
    expect(await told()).toEqual(FILES);
  },
);

test("those of another capture of its name, which has a good one, are not", async () => {
  put(`${PREFIX}.json`, JSON.stringify(goodManifest("pcap1", "u0", false)));
  expect(await told()).toEqual([]);
});

test("nor are any where the capture never ran", async () => {
  expect(await told({ ...CAPTURE, status: { progress: "scheduled", node: "n" } })).toEqual([]);
});
