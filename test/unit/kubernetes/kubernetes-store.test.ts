import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  API_VERSION,
  KIND,
  type PacketCapture,
  type PacketCaptureStatus,
} from "../../../src/api/resource.ts";
import { KubernetesError } from "../../../src/kubernetes/kubernetes-error.ts";
import { createReach, type Reach } from "../../../src/kubernetes/reach.ts";
import { type CaptureStore, StatusConflict } from "../../../src/store/capture-store.ts";
import { CaptureGone, createKubernetesStore } from "../../../src/store/kubernetes/kubernetes-store.ts";
import { mergePatch } from "../../../src/store/kubernetes/merge-patch.ts";

const CAPTURE: PacketCapture = {
  apiVersion: API_VERSION,
  kind: KIND,
  metadata: { name: "pcap1", namespace: "pcapper", uid: "u1", resourceVersion: "1" },
  spec: { targetNode: "n1", targetInterface: "eth0" },
};

type Trouble = (attempt: () => PacketCapture) => PacketCapture | Promise<PacketCapture>;

/** The one resource that the server has; `undefined` = none. */
let there: PacketCapture | undefined;
let patches: { path: string; body: unknown }[];
/** What goes wrong with each write in turn. */
let troubles: Trouble[];
let readTroubles: KubernetesError[];
let stop: AbortController;
let store: CaptureStore;
let recorded: unknown[];
let told: string[];
let reach: Reach;

const api = {
  onReturn: (listener: () => void) => reach.onReturn(listener),
  get: async <T>(): Promise<T | undefined> => {
    const trouble = readTroubles.shift();
    if (trouble !== undefined) throw trouble;
    return there as T | undefined;
  },
  patchMerge: async <T>(path: string, body: unknown): Promise<T> => {
    patches.push({ path, body });
    const trouble = troubles.shift();
    const apply = () => applied(body as Parameters<typeof applied>[0]);
    return (trouble === undefined ? apply() : await trouble(apply)) as T;
  },
};

function applied(body: { metadata: { resourceVersion: string }; status: object }): PacketCapture {
  if (there === undefined) throw objectMissing();
  const version = there.metadata.resourceVersion;
  if (body.metadata.resourceVersion !== version) throw failure(409);
  const resourceVersion = String(Number(version) + 1);
  const status = withPatch(there.status ?? {}, body.status) as PacketCaptureStatus;
  there = { ...there, metadata: { ...there.metadata, resourceVersion }, status };
  return there;
}

/** RFC 7386. */
function withPatch(target: object, patch: object): object {
  const result: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else if (typeof value !== "object" || Array.isArray(value)) result[name] = value;
    else result[name] = withPatch((result[name] as object | undefined) ?? {}, value);
  }
  return result;
}

const failure = (status: number, retryAfter = 0) =>
  new KubernetesError(`it is ${status}`, { status, retryAfter });
/** As kube-apiserver words it. */
const objectMissing = () =>
  new KubernetesError("it is not there", {
    status: 404,
    reason: "NotFound",
    body: { kind: "Status", reason: "NotFound", details: { name: "pcap1" } },
  });
const away: Trouble = () => Promise.reject(failure(0));
/** The write arrives, its answer does not. */
const lostAnswer: Trouble = (attempt) => {
  attempt();
  return Promise.reject(failure(0));
};

beforeEach(() => {
  there = structuredClone(CAPTURE);
  patches = [];
  troubles = [];
  readTroubles = [];
  recorded = [];
  told = [];
  reach = createReach();
  stop = new AbortController();
  store = createKubernetesStore(
    api,
    { record: (...event) => recorded.push(event) },
    (_capture, { reason }) => told.push(reason),
    stop.signal,
    { first: 0, most: 0 },
  );
});

afterEach(() => stop.abort());

test.each([
  ["nothing changed", { a: 1 }, { a: 1 }, undefined],
  ["a field is new", {}, { a: 1 }, { a: 1 }],
  ["a field is other", { a: 1, b: 2 }, { a: 3, b: 2 }, { a: 3 }],
  ["a field is gone", { a: 1, b: 2 }, { b: 2 }, { a: null }],
  ["a field is undefined", { a: 1 }, { a: undefined }, { a: null }],
  ["a field stays undefined", {}, { a: undefined }, undefined],
  ["a part of a field is other", { s: { p: 1, b: 2 } }, { s: { p: 9, b: 2 } }, { s: { p: 9 } }],
  ["a part of a field is gone", { s: { p: 1, b: 2 } }, { s: { b: 2 } }, { s: { p: null } }],
  ["a list is other: all of it", { c: [{ t: 1 }, { t: 2 }] }, { c: [{ t: 1 }] }, { c: [{ t: 1 }] }],
  [
    "a list is the same in another order of fields",
    { c: [{ a: 1, b: 2 }] },
    { c: [{ b: 2, a: 1 }] },
    undefined,
  ],
  ["a field becomes a list", { c: { a: 1 } }, { c: [] }, { c: [] }],
  ["an empty field is new", {}, { s: {} }, { s: {} }],
])("merge patch where %s", (_name, before, after, patch) => {
  expect(mergePatch(before, after)).toEqual(patch);
  if (patch !== undefined) expect(withPatch(before, patch)).toEqual(JSON.parse(JSON.stringify(after)));
});

test("only what changed is sent, on the version and uid it was decided on", async () => {
  there = { ...CAPTURE, status: { progress: "scheduled", node: "n1", message: "old" } };
  const written = await store.writeStatus(there, { progress: "running", node: "n1" });
  expect(patches).toEqual([
    {
      path: "/apis/packetcapture.pcapper/v1alpha1/namespaces/pcapper/packetcaptures/pcap1/status",
      body: { metadata: { uid: "u1", resourceVersion: "1" }, status: { progress: "running", message: null } },
    },
  ]);
  expect(written).toMatchObject({
    metadata: { resourceVersion: "2" },
    status: { progress: "running", node: "n1" },
  });
});

test("a status that says nothing new is not sent", async () => {
  there = { ...CAPTURE, status: { node: "n1" } };
  expect(await store.writeStatus(there, { node: "n1" })).toBe(there);
  expect(patches).toEqual([]);
});

test("a status decided on an old version is a conflict", async () => {
  there = { ...CAPTURE, metadata: { ...CAPTURE.metadata, resourceVersion: "7" } };
  await expect(store.writeStatus(CAPTURE, { node: "n1" })).rejects.toThrow(StatusConflict);
  expect(patches).toHaveLength(1);
});

test("a capture that was deleted has nobody to be told to", async () => {
  there = undefined;
  await expect(store.writeStatus(CAPTURE, { node: "n1" })).rejects.toThrow(CaptureGone);
});

test("another capture under the name is not the one that was meant", async () => {
  there = { ...CAPTURE, metadata: { ...CAPTURE.metadata, uid: "u2", resourceVersion: "9" } };
  await expect(store.writeStatus(CAPTURE, { node: "n1" })).rejects.toThrow(CaptureGone);
  expect(there.status).toBeUndefined();
});

test("what the API server refuses for good is an error at once", async () => {
  troubles = [() => Promise.reject(failure(422))];
  await expect(store.writeStatus(CAPTURE, { node: "n1" })).rejects.toMatchObject({ status: 422 });
  expect(patches).toHaveLength(1);
});

test.each([0, 401, 403, 404, 429, 500, 503])(
  "a status that meets %i is sent until it arrives",
  async (status) => {
    troubles = [() => Promise.reject(failure(status)), () => Promise.reject(failure(status, 1)), away];
    expect(await store.writeStatus(CAPTURE, { node: "n1" })).toMatchObject({ status: { node: "n1" } });
    expect(patches).toHaveLength(4);
  },
);

test("a write whose answer was lost is known as ours, and is no conflict", async () => {
  troubles = [lostAnswer];
  const written = await store.writeStatus(CAPTURE, { node: "n1" });
  expect(written).toMatchObject({ metadata: { resourceVersion: "2" }, status: { node: "n1" } });
});

test("a write whose answer was lost and that was another's in the end is a conflict", async () => {
  troubles = [
    away,
    (attempt) => {
      there = { ...CAPTURE, metadata: { ...CAPTURE.metadata, resourceVersion: "2" }, status: { node: "n2" } };
      return attempt();
    },
  ];
  await expect(store.writeStatus(CAPTURE, { node: "n1" })).rejects.toThrow(StatusConflict);
});

test("a look at a conflict that fails is taken again", async () => {
  troubles = [lostAnswer];
  readTroubles = [failure(0), failure(404), failure(503)];
  expect(await store.writeStatus(CAPTURE, { node: "n1" })).toMatchObject({ status: { node: "n1" } });
});

test("of several statuses that wait the newest wins, and all hear of it", async () => {
  const back = Promise.withResolvers<void>();
  troubles = [async () => back.promise.then(() => Promise.reject(failure(0)))];
  const first = store.writeStatus(CAPTURE, { node: "n1", progress: "running" });
  const second = store.writeStatus(CAPTURE, { node: "n1", progress: "running", message: "more" });
  const third = store.writeStatus(CAPTURE, { node: "n1", progress: "finished" });
  back.resolve();
  const expected = { metadata: { resourceVersion: "2" }, status: { node: "n1", progress: "finished" } };
  for (const write of [first, second, third]) expect(await write).toMatchObject(expected);
  expect(patches).toHaveLength(2);
});

test("a newer status follows one that arrived although its answer was lost", async () => {
  const back = Promise.withResolvers<void>();
  troubles = [
    async (attempt) => {
      attempt();
      await back.promise;
      throw failure(0);
    },
  ];
  const first = store.writeStatus(CAPTURE, { node: "n1", message: "one" });
  const second = store.writeStatus(CAPTURE, { node: "n1", progress: "finished" });
  back.resolve();
  expect((await first).status).toEqual({ node: "n1", progress: "finished" });
  expect((await second).status).toEqual({ node: "n1", progress: "finished" });
  expect(there?.metadata.resourceVersion).toBe("3");
});

test("a newer status follows one that is just arriving", async () => {
  const first = store.writeStatus(CAPTURE, { node: "n1", message: "one" });
  const second = store.writeStatus(CAPTURE, { node: "n1", message: "two" });
  expect((await first).status).toEqual({ node: "n1", message: "two" });
  expect((await second).status).toEqual({ node: "n1", message: "two" });
});

test("one status after the other, each on what the last left", async () => {
  const one = await store.writeStatus(CAPTURE, { node: "n1", progress: "scheduled" });
  const two = await store.writeStatus(one, { node: "n1", progress: "running" });
  expect(two).toMatchObject({ metadata: { resourceVersion: "3" }, status: { progress: "running" } });
});

test("a write that waits for the API ends when it is aborted", async () => {
  const patient = createKubernetesStore(api, { record: () => undefined }, () => undefined, stop.signal, {
    first: 1e9,
    most: 1e9,
  });
  troubles = [away];
  const write = patient.writeStatus(CAPTURE, { node: "n1" });
  setImmediate(() => stop.abort());
  await expect(write).rejects.toMatchObject({ name: "AbortError" });
});

test("a read waits for the API as well", async () => {
  readTroubles = [failure(0), failure(503), failure(403)];
  expect(await store.read({ namespace: "pcapper", name: "pcap1" })).toEqual(CAPTURE);
});

test("a read of an API that is missing does not say that the capture is gone: it waits", async () => {
  readTroubles = [failure(404), failure(404)];
  expect(await store.read({ namespace: "pcapper", name: "pcap1" })).toEqual(CAPTURE);
});

test("an event is about the capture, by its uid", () => {
  store.recordEvent(CAPTURE, { type: "Normal", reason: "Scheduled", message: "Claimed." });
  const subject = { apiVersion: API_VERSION, kind: KIND, namespace: "pcapper", name: "pcap1", uid: "u1" };
  expect(recorded).toEqual([[subject, { type: "Normal", reason: "Scheduled", message: "Claimed." }]]);
  expect(told).toEqual(["Scheduled"]);
});

test("what waits to be read or written is not kept waiting when the API is back", async () => {
  const patient = createKubernetesStore(api, { record: () => undefined }, () => undefined, stop.signal, {
    first: 1e9,
    most: 1e9,
  });
  vi.spyOn(Math, "random").mockReturnValue(0.001);
  readTroubles = [failure(500)];
  troubles = [() => Promise.reject(failure(503))];
  const read = patient.read({ namespace: "pcapper", name: "pcap1" });
  const written = patient.writeStatus(CAPTURE, { progress: "scheduled", node: "n1" });
  await vi.waitFor(() => expect([readTroubles, troubles]).toEqual([[], []]));
  await new Promise((resolve) => setImmediate(resolve));
  reach.missed();
  reach.seen();
  expect((await read)?.metadata.uid).toBe("u1");
  expect((await written).status?.progress).toBe("scheduled");
  vi.restoreAllMocks();
});
