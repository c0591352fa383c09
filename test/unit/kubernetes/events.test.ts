import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { eventObject } from "../../../src/kubernetes/event-object.ts";
import { createEventRecorder, type EventRecorder } from "../../../src/kubernetes/events.ts";
import { KubernetesError } from "../../../src/kubernetes/kubernetes-error.ts";

const SUBJECT = { apiVersion: "v1", kind: "Pod", namespace: "web", name: "shop-1", uid: "uid-1" };
const FACTS = { type: "Normal", reason: "TrafficRecorded", message: "Its traffic is recorded." } as const;
const NOW = Date.parse("2026-11-24T20:00:00.789Z");

const onReturn = () => () => undefined;

let sent: { path: string; body: { metadata: { name: string } } }[];
let lost: string[];
let failures: KubernetesError[];
let stop: AbortController;
let events: EventRecorder;

beforeEach(() => {
  sent = [];
  lost = [];
  failures = [];
  stop = new AbortController();
  const api = {
    now: () => NOW,
    onReturn,
    create: async <T>(path: string, body: unknown): Promise<T> => {
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      sent.push({ path, body: body as never });
      return body as T;
    },
  };
  events = createEventRecorder(api, "node-1", stop.signal, {
    onLost: (_subject, { message }, why) => lost.push(`${message} ${why}`),
    backoff: { first: 0, most: 0 },
  });
});

afterEach(() => stop.abort());

const away = () => new KubernetesError("away", { status: 0 });

test("an Event lives in its object's namespace and refers to it by uid", async () => {
  events.record(SUBJECT, FACTS);
  await events.drained();
  expect(sent).toEqual([
    {
      path: "/api/v1/namespaces/web/events",
      body: expect.objectContaining({
        metadata: { namespace: "web", name: expect.stringMatching(/^shop-1\.[0-9a-f]{16}$/) },
        involvedObject: SUBJECT,
        ...FACTS,
        firstTimestamp: "2026-11-24T20:00:00Z",
        lastTimestamp: "2026-11-24T20:00:00Z",
        count: 1,
        reportingInstance: "node-1",
      }),
    },
  ]);
});

test("the same words about the same object have the same name; other words or another uid do not", () => {
  const name = (subject = SUBJECT, message: string = FACTS.message) =>
    eventObject(subject, { ...FACTS, message }, "node-1", Math.random() * NOW).metadata.name;
  expect(name()).toBe(name());
  expect(name()).not.toBe(name(SUBJECT, "Other words."));
  expect(name()).not.toBe(name({ ...SUBJECT, uid: "uid-2" }));
});

test("names, nodes and messages of any length fit the API's limits", () => {
  const subject = { ...SUBJECT, name: `${"a".repeat(219)}.${"b".repeat(33)}` };
  const event = eventObject(subject, { ...FACTS, message: "ü".repeat(1000) }, "n".repeat(253), NOW);
  expect(event.metadata.name.length).toBeLessThanOrEqual(253);
  expect(event.metadata.name).toMatch(/^a{219}\.[0-9a-f]{16}$/);
  expect(event.reportingInstance).toHaveLength(128);
  expect(Buffer.byteLength(event.message)).toBeLessThanOrEqual(1024);
  expect(event.message).toMatch(/^ü{510}…$/);
});

test("an Event that is there already is as good as sent", async () => {
  failures = [new KubernetesError("there", { status: 409, reason: "AlreadyExists" })];
  events.record(SUBJECT, FACTS);
  await events.drained();
  expect(lost).toEqual([]);
});

test("while the API is away Events wait, and then come in order, once each", async () => {
  failures = [away(), away(), new KubernetesError("slow down", { status: 429, retryAfter: 1 })];
  for (const message of ["one", "two", "two", "three"]) events.record(SUBJECT, { ...FACTS, message });
  await events.drained();
  expect(sent.map(({ body }) => (body as unknown as { message: string }).message)).toEqual([
    "one",
    "two",
    "three",
  ]);
  expect(lost).toEqual([]);
});

const refused = () => new KubernetesError("no", { status: 403 });

test("a right that is there a moment later, as from an API server that has just started, loses no Event", async () => {
  failures = Array.from({ length: 8 }, refused);
  for (const message of ["one", "two"]) events.record(SUBJECT, { ...FACTS, message });
  await events.drained();
  expect(lost).toEqual([]);
  expect(sent).toHaveLength(2);
});

test("where a right stays away, the first Event is waited for, and the others are told as lost at once", async () => {
  failures = Array.from({ length: 11 }, refused);
  for (const message of ["one", "two", "three", "four"]) events.record(SUBJECT, { ...FACTS, message });
  await events.drained();
  expect(lost).toEqual(["one no", "two no", "three no"]);
  expect(sent).toHaveLength(1);
});

test.each([404, 422])(
  "an Event that is refused with %i is told as lost and holds up no other",
  async (status) => {
    failures = [new KubernetesError("no", { status })];
    events.record(SUBJECT, { ...FACTS, message: "one" });
    events.record(SUBJECT, { ...FACTS, message: "two" });
    await events.drained();
    expect(lost).toEqual(["one no"]);
    expect(sent).toHaveLength(1);
  },
);

test("an Event that one namespace never takes holds up none of another", async () => {
  const taken: string[] = [];
  const webhook = new KubernetesError("failed calling webhook", { status: 500 });
  const api = {
    now: () => NOW,
    onReturn,
    create: async <T>(path: string, body: unknown): Promise<T> => {
      if (path.includes("/web/")) throw webhook;
      taken.push((body as { message: string }).message);
      return body as T;
    },
  };
  const recorder = createEventRecorder(api, "node-1", stop.signal, {
    onLost: (_subject, { message }) => lost.push(message),
    backoff: { first: 1e9, most: 1e9 },
  });
  recorder.record(SUBJECT, { ...FACTS, message: "never" });
  for (const message of ["one", "two"])
    recorder.record({ ...SUBJECT, namespace: "pcapper" }, { ...FACTS, message });
  await vi.waitFor(() => expect(taken).toEqual(["one", "two"]));
  stop.abort();
  await recorder.drained();
  expect(lost).toEqual(["never"]);
});

test("an API that stays away does not fill the memory: the oldest make room", async () => {
  const waiting = createEventRecorder(
    { now: () => NOW, onReturn, create: () => new Promise(() => undefined) },
    "node-1",
    stop.signal,
    { onLost: (_subject, { message }) => lost.push(message) },
  );
  for (let i = 0; i < 1003; i += 1) waiting.record(SUBJECT, { ...FACTS, message: `${i}` });
  // One is on its way, 1,000 wait.
  expect(lost).toEqual(["1", "2"]);
});

test("one Event after the queue was empty is sent as well", async () => {
  events.record(SUBJECT, { ...FACTS, message: "one" });
  await events.drained();
  events.record(SUBJECT, { ...FACTS, message: "two" });
  await events.drained();
  expect(sent).toHaveLength(2);
});

test("aborted while the API is away, it gives up and says what is lost", async () => {
  failures = Array.from({ length: 1000 }, away);
  const patient = createEventRecorder(
    { now: () => NOW, onReturn, create: async () => Promise.reject(away()) },
    "node-1",
    stop.signal,
    { onLost: (_subject, { message }) => lost.push(message), backoff: { first: 1e9, most: 1e9 } },
  );
  patient.record(SUBJECT, { ...FACTS, message: "one" });
  patient.record(SUBJECT, { ...FACTS, message: "two" });
  stop.abort();
  await patient.drained();
  expect(lost).toEqual(["one", "two"]);
});
