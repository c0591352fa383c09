import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { KubeConfig } from "@kubernetes/client-node";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { PacketCapture } from "../../src/api/resource.ts";
import { createKubernetesApi, type KubernetesApi } from "../../src/kubernetes/api.ts";
import { createEventRecorder, type EventRecorder } from "../../src/kubernetes/events.ts";
import { configurationOf } from "../../src/kubernetes/kubeconfig.ts";
import { type Reflector, startReflector } from "../../src/kubernetes/reflector.ts";
import { type CaptureStore, StatusConflict } from "../../src/store/capture-store.ts";
import { CaptureGone, createKubernetesStore } from "../../src/store/kubernetes/kubernetes-store.ts";
import {
  capturesPath,
  createCapture,
  deleteCapture,
  mustKubectl,
  patchCapture,
  patchCaptureStatus,
  readCapture,
} from "../kubernetes/packet-captures.ts";
import { apiServerForFile } from "./cluster.ts";

/** The agent's client on a real API server, with the agent's rights and no others. */

const server = apiServerForFile();
const SPEC = { targetNode: "worker-01", targetInterface: "eth0" };

let api: KubernetesApi;
let stop: AbortController;
let events: EventRecorder;
let store: CaptureStore;
let lost: string[];
let following: Reflector<unknown>[];

beforeEach(async () => {
  const config = new KubeConfig();
  config.loadFromFile((await server().serviceAccountKubeconfig("pcapper", "pcapper-agent")).path);
  api = createKubernetesApi(configurationOf(config));
  stop = new AbortController();
  lost = [];
  following = [];
  events = createEventRecorder(api, "worker-01", stop.signal, { onLost: (...all) => lost.push(all[2]) });
  store = createKubernetesStore(api, events, () => undefined, stop.signal);
});

afterEach(async () => {
  stop.abort();
  api.close();
  await Promise.all(following.map(({ done }) => done));
});

function follow(fieldSelector: string): { reflector: Reflector<PacketCapture>; seen: string[] } {
  const seen: string[] = [];
  const reflector = startReflector({
    api,
    path: capturesPath("pcapper"),
    query: { fieldSelector },
    keep: (object) => object as PacketCapture,
    onChange: (uid, now) => seen.push(`${now === undefined ? "-" : "+"}${uid}`),
    signal: stop.signal,
  });
  following.push(reflector);
  return { reflector, seen };
}

const until = (assertion: () => void) => vi.waitFor(assertion, { timeout: 30_000, interval: 20 });
const key = (name: string) => ({ namespace: "pcapper", name });

async function readNow(name: string): Promise<PacketCapture> {
  const capture = await store.read(key(name));
  if (capture === undefined) throw new Error(`${name} is not there`);
  return capture;
}

test("a capture goes from claim to end, and kubectl describe tells it", async () => {
  await createCapture(server().admin, "pcapper", "life", SPEC);
  const claimed = await store.writeStatus(await readNow("life"), {
    progress: "scheduled",
    node: "worker-01",
  });
  store.recordEvent(claimed, { type: "Normal", reason: "Scheduled", message: "Claimed by worker-01." });
  store.recordEvent(claimed, { type: "Normal", reason: "Scheduled", message: "Claimed by worker-01." });
  const running = await store.writeStatus(claimed, {
    ...claimed.status,
    progress: "running",
    message: "on eth0",
  });
  const ended = await store.writeStatus(running, { progress: "finished", node: "worker-01" });
  expect(ended.status).toEqual({ progress: "finished", node: "worker-01" });
  expect((await readCapture(server().admin, "pcapper", "life")).status).toEqual(ended.status);
  await events.drained();
  expect(lost).toEqual([]);
  const described = await mustKubectl(server(), "describe", "pcap", "life", "-n", "pcapper");
  expect(described).toMatch(/Normal\s+Scheduled\s+\S+\s+pcapper-agent\s+Claimed by worker-01\./);
  expect(described.match(/Claimed by/g)).toHaveLength(1);
});

test("a status decided before somebody else wrote is a conflict", async () => {
  await createCapture(server().admin, "pcapper", "conflict", SPEC);
  const before = await readNow("conflict");
  await patchCapture(server().admin, "pcapper", "conflict", { spec: { stop: true } });
  await expect(store.writeStatus(before, { progress: "scheduled", node: "worker-01" })).rejects.toThrow(
    StatusConflict,
  );
  expect((await readNow("conflict")).status).toBeUndefined();
});

test("a capture that is deleted, or there again, is gone", async () => {
  await createCapture(server().admin, "pcapper", "gone", SPEC);
  const before = await readNow("gone");
  await deleteCapture(server().admin, "pcapper", "gone");
  const status = { progress: "scheduled", node: "worker-01" } as const;
  expect(await store.read(key("gone"))).toBeUndefined();
  await expect(store.writeStatus(before, status)).rejects.toThrow(CaptureGone);
  await createCapture(server().admin, "pcapper", "gone", SPEC);
  await expect(store.writeStatus(before, status)).rejects.toThrow(CaptureGone);
});

test("what the rules of the status forbid is an error, not a wait", async () => {
  await createCapture(server().admin, "pcapper", "owned", SPEC);
  const claimed = await store.writeStatus(await readNow("owned"), {
    progress: "scheduled",
    node: "worker-01",
  });
  await expect(
    store.writeStatus(claimed, { progress: "scheduled", node: "worker-02" }),
  ).rejects.toMatchObject({ status: 422 });
});

test("an API that is not there does not say that an object is gone", async () => {
  await expect(api.get("/apis/no.such.group/v1/namespaces/pcapper/things/one")).rejects.toMatchObject({
    status: expect.toSatisfy((status: number) => status === 404 || status === 403),
  });
});

test("captures leave the list of those without an owner when one is written, and come to the owner's", async () => {
  const unowned = follow("status.node=");
  const own = follow("status.node=worker-07");
  await createCapture(server().admin, "pcapper", "moves", { ...SPEC, targetNode: "worker-07" });
  const capture = await readNow("moves");
  const uid = capture.metadata.uid ?? "";
  await until(() => expect(unowned.seen).toContain(`+${uid}`));
  await store.writeStatus(capture, { progress: "scheduled", node: "worker-07" });
  await until(() => expect(unowned.seen).toContain(`-${uid}`));
  await until(() => expect(own.seen).toEqual([`+${uid}`]));
});

test("a name used again and again is another capture each time", async () => {
  const { seen, reflector } = follow("metadata.name=again");
  const uids: string[] = [];
  for (let i = 0; i < 20; i += 1) {
    uids.push((await createCapture(server().admin, "pcapper", "again", SPEC)).metadata.uid);
    await deleteCapture(server().admin, "pcapper", "again");
  }
  const last = await createCapture(server().admin, "pcapper", "again", SPEC);
  await until(() => expect(reflector.get(last.metadata.uid)).toBeDefined());
  expect(reflector.all()).toHaveLength(1);
  const told = seen.filter((change) => !change.endsWith(last.metadata.uid));
  const expected = uids.flatMap((uid) => [`+${uid}`, `-${uid}`]).filter((change) => told.includes(change));
  expect(told).toEqual(expected);
  expect(told.length % 2).toBe(0);
});

test("with the API killed and etcd compacted meanwhile, statuses, Events and watches arrive when it is back", async () => {
  const { reflector, seen } = follow("metadata.name=patient");
  await createCapture(server().admin, "pcapper", "patient", SPEC);
  const capture = await readNow("patient");
  await until(() => expect(reflector.all()).toHaveLength(1));
  await server().pause("SIGKILL");
  const write = store.writeStatus(capture, { progress: "scheduled", node: "worker-01" });
  const newest = store.writeStatus(capture, { progress: "scheduled", node: "worker-01", message: "newest" });
  store.recordEvent(capture, { type: "Normal", reason: "Scheduled", message: "While it was away." });
  await until(() => expect(reflector.restarts()).toBeGreaterThan(0));
  await server().resume();
  await server().compact();
  expect((await write).status?.message).toBe("newest");
  expect((await newest).status?.message).toBe("newest");
  await events.drained();
  expect(lost).toEqual([]);
  await until(() => expect(reflector.all()[0]?.status?.message).toBe("newest"));
  await patchCaptureStatus(server().admin, "pcapper", "patient", { message: "after" });
  await until(() => expect(reflector.all()[0]?.status?.message).toBe("after"));
  expect(seen.filter((change) => change.startsWith("-"))).toEqual([]);
}, 120_000);

test("the time is the API server's, and it was seen a moment ago", async () => {
  await readNow("life");
  expect(Math.abs(api.now() - Date.now())).toBeLessThan(2000);
  expect(performance.now() - api.lastSeen()).toBeLessThan(5000);
});

test("500 requests and two watches use a handful of TLS connections", async () => {
  let connections = 0;
  const count = (): void => {
    connections += 1;
  };
  follow("status.node=");
  const { reflector } = follow("status.node=worker-01");
  subscribe("net.client.socket", count);
  try {
    await until(() => expect(reflector.synced()).toBe(true));
    for (let i = 0; i < 10; i += 1) {
      await Promise.all(Array.from({ length: 50 }, () => store.read(key("life"))));
    }
  } finally {
    unsubscribe("net.client.socket", count);
  }
  expect(connections).toBeLessThanOrEqual(10);
});
