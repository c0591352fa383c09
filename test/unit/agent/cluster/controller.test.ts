import { expect, onTestFinished, test, vi } from "vitest";
import type { ClusterWorld } from "../../../../src/agent/cluster/cluster-session.ts";
import { createController } from "../../../../src/agent/cluster/controller.ts";
import { API_VERSION, KIND, type PacketCapture } from "../../../../src/api/resource.ts";
import { makeTemporaryFolder } from "../../../helpers/temporary-folder.ts";
import { createFakeNative } from "../fake-native.ts";

const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { namespace: "pcapper", name: "one", uid: "u1", resourceVersion: "1" },
  spec: { targetNode: "n1", targetInterface: "eth0" },
};

/** A node without any capture, whose engine opens for ever. */
function quietNode() {
  const folder = makeTemporaryFolder();
  onTestFinished(() => folder.remove());
  const native = createFakeNative();
  let stored = CAPTURE;
  const settings = {
    node: "n1",
    maxCaptures: 16,
    captureBuffer: 1,
    captureMemory: 1e9,
    maxTotalFileSize: 1e12,
    minFreeDisk: { kind: "bytes", bytes: 0 },
  };
  const store = {
    read: async () => stored,
    writeStatus: async (_on: PacketCapture, status: PacketCapture["status"]) => {
      stored = { ...stored, ...(status && { status }) };
      return stored;
    },
    recordEvent: () => undefined,
  };
  const shared = {
    native,
    settings,
    store,
    paths: { hostmount: folder.path, hostPath: "/var/pcapper", netnsFolder: "", cniCacheFolder: "" },
    nodeIPs: [],
    resumeFirst: { placed: () => undefined, done: Promise.resolve() },
    podOf: () => undefined,
    onReport: () => undefined,
    onLastWord: () => undefined,
    now: () => 1_767_225_600_000,
  } as unknown as ClusterWorld;
  const errors: Error[] = [];
  const controller = createController({
    shared,
    known: () => stored,
    unowned: () => [],
    isGone: async () => false,
    onRunning: () => undefined,
    onEnded: () => undefined,
    onError: (_capture, error) => errors.push(error),
  });
  const change = (spec: Partial<PacketCapture["spec"]>) => {
    const before = stored;
    stored = { ...stored, spec: { ...stored.spec, ...spec } };
    controller.captureChanged("u1", stored, before);
  };
  return { native, controller, change, errors, status: () => stored.status };
}

test("a capture that is still being opened is stopped at once", async () => {
  const { native, controller, change, errors, status } = quietNode();
  change({});
  await vi.waitFor(() => expect(native.started).toHaveLength(1));
  expect(status()?.progress).toBe("scheduled");
  change({ stop: true });
  await vi.waitFor(() => expect(controller.isAtWork("u1")).toBe(false));
  expect(errors).toEqual([]);
  expect(status()).toMatchObject({
    progress: "finished",
    reason: "Stopped",
    message: expect.stringContaining("spec.stop was set to true"),
  });
});
