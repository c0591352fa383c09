import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type ClusterWorld, clusterSession } from "../../../../src/agent/cluster/cluster-session.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../../src/api/resource.ts";
import { openPlace } from "../../../../src/store/files/capture-place.ts";
import { makeTemporaryFolder } from "../../../helpers/temporary-folder.ts";
import { createFakeNative } from "../fake-native.ts";

const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: "pcapper", name: "one", uid: "u1" },
  spec: { targetNode: "n1", targetInterface: "eth0" },
  status: { progress: "failure", reason: "WriteError", message: "the disk broke" },
};

const PREFIX = "n1.one.1767225600";

/** A session that was let in, and the manifest that its engine left. */
async function endedSession(manifest: object) {
  const folder = makeTemporaryFolder();
  onTestFinished(() => folder.remove());
  const native = createFakeNative();
  const settings = {
    node: "n1",
    maxCaptures: 16,
    captureBuffer: 1,
    captureMemory: 1e9,
    maxTotalFileSize: 1e12,
    minFreeDisk: { kind: "bytes", bytes: 0 },
  };
  const shared = {
    native,
    settings,
    paths: { hostmount: folder.path, hostPath: "/var/pcapper", netnsFolder: "", cniCacheFolder: "" },
    store: {},
    now: () => 1_767_225_600_000,
  } as unknown as ClusterWorld;
  const session = clusterSession(shared, "u1", new AbortController().signal);
  expect(await session.world.admit(CAPTURE)).toBeUndefined();
  expect(native.held.size).toBe(1);
  const inFolder = (name: string) => join(folder.path, "one", name);
  const left = {
    manifest: "pcapper/v1",
    capture: { namespace: "pcapper", name: "one", uid: "u1", node: "n1", spec: CAPTURE.spec },
    reservedThrough: 64,
    files: [],
    removed: { files: 0, packets: 0 },
    statistics: {},
    ...manifest,
  };
  writeFileSync(inFolder(`${PREFIX}.json`), JSON.stringify(left));
  const sealed = () => JSON.parse(readFileSync(inFolder(`${PREFIX}.json`), "utf8"));
  return { native, session, inFolder, sealed, end: () => sealed().finished };
}

test("a session whose manifest cannot be sealed gives its lock back all the same, and says why", async () => {
  const { native, session, inFolder } = await endedSession({});
  // In the way of the new manifest, and not to be removed like a file.
  mkdirSync(inFolder(`.${PREFIX}.json.tmp`));
  await expect(session.close(CAPTURE)).rejects.toThrow("json.tmp");
  expect(native.held.size).toBe(0);
  expect(readdirSync(inFolder(""))).not.toContain(`.${PREFIX}.lock`);
});

test("a session that ended gives its manifest the end that was told", async () => {
  const { session, end } = await endedSession({});
  await session.close(CAPTURE);
  expect(end()).toEqual({
    reason: "WriteError",
    message: "the disk broke",
    time: "2026-01-01T00:00:00.000Z",
  });
});

test("a gap that its engine wrote, and then could not begin after, is not in it: the status has it not", async () => {
  const at = (seconds: number) => new Date(1_767_225_600_000 + seconds * 1000).toISOString();
  const told = { from: at(1), to: at(3) };
  const { session, sealed } = await endedSession({ gaps: [told, { from: at(8), to: at(20) }] });
  await session.close({
    ...CAPTURE,
    status: { ...CAPTURE.status, endTime: at(8), resumes: 1, gapSeconds: 2 },
  });
  expect(sealed()).toMatchObject({ gaps: [told], finished: { time: at(8) } });
});

const FILE = { number: 1, packets: 1, bytes: 100, firstTimestamp: "", lastTimestamp: "" };

test.each([
  ["a file being written", { current: { name: `${PREFIX}.00001.pcap.part`, ...FILE } }, ".00001.pcap.part"],
  ["no file, and there is one", {}, ".00001.pcap"],
])(
  "a manifest whose engine could not write the last one, and that has %s, gets no end before a repair",
  async (_what, manifest, file) => {
    const { session, inFolder, end } = await endedSession(manifest);
    writeFileSync(inFolder(`${PREFIX}${file}`), "x".repeat(100));
    await session.close(CAPTURE);
    expect(end()).toBeUndefined();
  },
);

test("a file that its manifest lists needs no repair", async () => {
  const { session, inFolder, end } = await endedSession({
    files: [{ name: `${PREFIX}.00001.pcap`, ...FILE }],
  });
  writeFileSync(inFolder(`${PREFIX}.00001.pcap`), "x".repeat(100));
  await session.close(CAPTURE);
  expect(end()).toMatchObject({ reason: "WriteError" });
});

test("of a capture that cannot begin not even its folder stays", async () => {
  const { native, session, inFolder } = await endedSession({});
  await session.close(undefined);
  rmSync(inFolder(""), { recursive: true });
  native.tryLock = () => {
    throw new Error("EIO");
  };
  expect(() =>
    openPlace(native, join(inFolder(""), ".."), { node: "n1", name: "one", epochSeconds: 1 }),
  ).toThrow("EIO");
  expect(existsSync(inFolder(""))).toBe(false);
});
