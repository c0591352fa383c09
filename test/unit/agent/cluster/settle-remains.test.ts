import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type SettleWorld, settleRemains } from "../../../../src/agent/cluster/settle-remains.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../../src/api/resource.ts";
import { StatusConflict } from "../../../../src/store/capture-store.ts";
import { CaptureGone } from "../../../../src/store/kubernetes/kubernetes-store.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../../helpers/temporary-folder.ts";
import { createFakeNative } from "../fake-native.ts";

const PREFIX = "n.pcap1.1";
const SPEC = { targetNode: "n", targetInterface: "eth0" };
const LOST: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: "pcap1", namespace: "pcapper", uid: "u1", resourceVersion: "1" },
  spec: SPEC,
  status: { progress: "failure", reason: "AgentLost", message: "It is gone.", node: "n" },
};

let hostmount: TemporaryFolder;
let there: PacketCapture | undefined;
/** As it was last heard of. */
let known: PacketCapture;
let said: string[];
/** What keeps a write from being done, in turn. */
let troubles: (() => Error)[];

beforeEach(() => {
  hostmount = makeTemporaryFolder();
  mkdirSync(join(hostmount.path, "pcap1"));
  writeFileSync(join(hostmount.path, "pcap1", `${PREFIX}.json`), JSON.stringify(manifest()));
  there = structuredClone(LOST);
  known = LOST;
  said = [];
  troubles = [];
});
afterEach(() => hostmount.remove());

function manifest(): unknown {
  return {
    manifest: "pcapper/v1",
    capture: { cluster: "c", namespace: "pcapper", name: "pcap1", uid: "u1", node: "n", spec: SPEC },
    startTime: "2026-11-24T20:00:00.000000000Z",
    reservedThrough: 64,
    files: [],
    removed: { files: 1, packets: 7 },
    statistics: { packets: 7, bytes: 700 },
    gaps: [],
  };
}

async function settle(): Promise<PacketCapture["status"]> {
  const native = createFakeNative();
  const world: SettleWorld = {
    native,
    store: {
      read: async () => there,
      writeStatus: async (decidedOn, status) => {
        const trouble = troubles.shift();
        if (trouble !== undefined) throw trouble();
        there = { ...decidedOn, status };
        return there;
      },
    },
    hostmount: hostmount.path,
    hostPath: "/var/pcapper",
    cluster: "c",
    own: () => known,
    isAtWork: () => false,
    say: (line) => said.push(line),
    now: () => Date.parse("2026-11-24T21:00:00Z"),
  };
  await settleRemains(world);
  expect(native.held).toEqual(new Set());
  return there?.status;
}

test("a capture that others gave an end is told what its node has of it, whoever else writes meanwhile", async () => {
  troubles = [
    () => {
      there = { ...LOST, metadata: { ...LOST.metadata, resourceVersion: "2" } };
      return new StatusConflict("somebody wrote");
    },
    () => new StatusConflict("and again"),
  ];
  expect(await settle()).toMatchObject({ reason: "AgentLost", statistics: { packets: 7 } });
  expect(there?.metadata.resourceVersion).toBe("2");
  expect(said).toEqual([]);
});

test("a capture whose disk took no manifest at its end keeps the word and the counts that it has told", async () => {
  const statistics = { packets: 9, dropped: 2 };
  const endTime = "2026-11-24T20:00:05.000Z";
  there = {
    ...LOST,
    status: { ...LOST.status, reason: "WriteError", message: "EROFS", endTime, statistics },
  };
  // As an agent keeps one that has ended.
  known = { ...LOST, status: { progress: "failure", node: "n" } };
  const file = `${PREFIX}.00002.pcap.part`;
  writeFileSync(join(hostmount.path, "pcap1", file), "x".repeat(700));
  expect(await settle()).toMatchObject({
    reason: "WriteError",
    statistics,
    fileLocation: `/var/pcapper/pcap1/${file}`,
  });
  const sealed = JSON.parse(readFileSync(join(hostmount.path, "pcap1", `${PREFIX}.json`), "utf8"));
  expect(sealed).toMatchObject({
    finished: { reason: "WriteError", message: "EROFS", time: endTime },
    statistics: { packets: 7, dropped: 2 },
  });
});

test.each<[string, PacketCapture | undefined, (() => Error)[]]>([
  ["is gone", undefined, []],
  ["has gone while it is written", LOST, [() => new CaptureGone("gone")]],
  ["has made room for another of its name", { ...LOST, metadata: { ...LOST.metadata, uid: "u2" } }, []],
])("where the capture %s, nobody is told, and nothing is wrong", async (_name, found, trouble) => {
  there = found;
  troubles = trouble;
  await settle();
  expect(there).toBe(found);
  expect(said).toEqual([]);
});

test("nobody is told of what lies in the folder of another capture, though it says that it is theirs", async () => {
  const theirs = { ...(manifest() as { capture: object }) };
  mkdirSync(join(hostmount.path, "pcap2"));
  const stray = { ...theirs, capture: { ...theirs.capture, name: "pcap2" }, statistics: { packets: 99 } };
  rmSync(join(hostmount.path, "pcap1"), { recursive: true });
  writeFileSync(join(hostmount.path, "pcap2", "n.pcap2.1.json"), JSON.stringify(stray));
  expect(await settle()).toEqual(LOST.status);
});
