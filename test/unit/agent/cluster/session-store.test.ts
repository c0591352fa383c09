import { expect, test } from "vitest";
import { GONE, sessionStore } from "../../../../src/agent/cluster/session-store.ts";
import type { PacketCapture } from "../../../../src/api/resource.ts";
import type { CaptureStore } from "../../../../src/store/capture-store.ts";
import { CaptureGone } from "../../../../src/store/kubernetes/kubernetes-store.ts";

const CAPTURE = { metadata: { namespace: "pcapper", name: "one", uid: "u1" } } as PacketCapture;
const KEY = { namespace: "pcapper", name: "one" };

/** A store whose API server is away for ever. */
const AWAY: CaptureStore = {
  read: () => new Promise(() => undefined),
  writeStatus: () => new Promise(() => undefined),
  recordEvent: () => undefined,
};

test("another capture of the same name is not the session's", async () => {
  const stop = new AbortController().signal;
  const store = { ...AWAY, read: async () => CAPTURE };
  expect(await sessionStore(store, "u1", stop).read(KEY)).toBe(CAPTURE);
  expect(await sessionStore(store, "u2", stop).read(KEY)).toBeUndefined();
});

test("what waits for the API server gives up when the capture is gone, and nothing more is asked", async () => {
  const stop = new AbortController();
  const store = sessionStore(AWAY, "u1", stop.signal);
  const waiting = [store.read(KEY), store.writeStatus(CAPTURE, {})];
  const results = Promise.allSettled(waiting);
  stop.abort(GONE);
  for (const result of await results) {
    expect(result).toMatchObject({ status: "rejected", reason: expect.any(CaptureGone) });
  }
  await expect(store.writeStatus(CAPTURE, {})).rejects.toThrow(CaptureGone);
});

test("any other stop has a last word to write", async () => {
  const stop = new AbortController();
  const store = sessionStore({ ...AWAY, writeStatus: async () => CAPTURE }, "u1", stop.signal);
  stop.abort({ reason: "Stopped", message: "spec.stop was set to true." });
  expect(await store.writeStatus(CAPTURE, {})).toBe(CAPTURE);
});
