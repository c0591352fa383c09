import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type ClusterWorld, clusterSession } from "../../../../src/agent/cluster/cluster-session.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../../src/api/resource.ts";
import { makeTemporaryFolder } from "../../../helpers/temporary-folder.ts";
import { createFakeNative } from "../fake-native.ts";

const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: "pcapper", name: "one", uid: "u1" },
  spec: { targetNode: "n1", targetInterface: "eth0" },
  status: { progress: "failure", reason: "WriteError", message: "the disk broke" },
};

test("a session whose manifest cannot be sealed gives its lock back all the same, and says why", async () => {
  const folder = makeTemporaryFolder();
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
  const manifest = {
    manifest: "pcapper/v1",
    capture: { namespace: "pcapper", name: "one", uid: "u1", node: "n1", spec: CAPTURE.spec },
    reservedThrough: 64,
    files: [],
    removed: { files: 0, packets: 0 },
    statistics: {},
  };
  const prefix = "n1.one.1767225600";
  writeFileSync(join(folder.path, "one", `${prefix}.json`), JSON.stringify(manifest));
  // In the way of the new manifest, and not to be removed like a file.
  mkdirSync(join(folder.path, "one", `.${prefix}.json.tmp`));
  await expect(session.close(CAPTURE)).rejects.toThrow("json.tmp");
  expect(native.held.size).toBe(0);
  expect(readdirSync(join(folder.path, "one"))).not.toContain(`.${prefix}.lock`);
  folder.remove();
});
