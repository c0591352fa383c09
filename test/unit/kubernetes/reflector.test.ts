import type { ServerResponse } from "node:http";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  createKubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from "../../../src/kubernetes/api.ts";
import type { BackoffRange } from "../../../src/kubernetes/backoff.ts";
import { type Reflector, startReflector } from "../../../src/kubernetes/reflector.ts";
import { type FakeApiServer, json, refuse, type SeenRequest, startFakeApiServer } from "./fake-api-server.ts";

/** What the server holds; tests change it. `undefined` = the usual answer of an API server. */
let objects: KubernetesObject[];
let version: number;
let onList: ((response: ServerResponse, request: SeenRequest) => void) | undefined;
let onWatch: ((response: ServerResponse, request: SeenRequest) => void) | undefined;
let watches: ServerResponse[];

let server: FakeApiServer;
let api: KubernetesApi;
let stop: AbortController;
let changes: [string, string | undefined, string | undefined][];
let synced: number;
let reflector: Reflector<string>;

beforeEach(async () => {
  objects = [];
  version = 100;
  onList = undefined;
  onWatch = undefined;
  watches = [];
  changes = [];
  synced = 0;
  stop = new AbortController();
  server = await startFakeApiServer((response, request) => {
    if (request.query.has("watch")) {
      if (onWatch !== undefined) return onWatch(response, request);
      response.writeHead(200).flushHeaders();
      watches.push(response);
    } else {
      if (onList !== undefined) return onList(response, request);
      json(response, 200, { metadata: { resourceVersion: String(version) }, items: objects });
    }
  });
  const limits = { head: 5000, silence: 200, whole: 0 };
  api = createKubernetesApi(server.configuration, { watchLimits: limits });
});

afterEach(async () => {
  stop.abort();
  await reflector.done;
  api.close();
  await server.close();
});

function object(name: string, uid = name, resourceVersion = String(version)): KubernetesObject {
  return { metadata: { name, namespace: "pcapper", uid, resourceVersion } };
}

function start(backoff: BackoffRange = { first: 1, most: 5 }): void {
  reflector = startReflector({
    api,
    path: "/apis/x/things",
    query: { fieldSelector: "status.node=" },
    keep: ({ metadata }) => `${metadata.name}@${metadata.resourceVersion}`,
    onChange: (...change) => changes.push(change),
    onSynced: () => {
      synced += 1;
    },
    signal: stop.signal,
    backoff,
  });
}

async function watching(count = 1): Promise<ServerResponse> {
  await vi.waitFor(() => expect(watches.length).toBeGreaterThanOrEqual(count), 5000);
  const watch = watches[count - 1];
  if (watch === undefined) throw new Error("no such watch");
  return watch;
}

function tell(watch: ServerResponse, type: string, about: unknown): void {
  watch.write(`${JSON.stringify({ type, object: about })}\n`);
}

const until = (assertion: () => void) => vi.waitFor(assertion, 5000);
const queries = (kind: "list" | "watch") =>
  server.requests.map(({ query }) => query).filter((query) => query.has("watch") === (kind === "watch"));

test("it lists, then watches from there, and asks for bookmarks and an end", async () => {
  objects = [object("one"), object("two")];
  start();
  await watching();
  expect(changes).toEqual([
    ["one", "one@100", undefined],
    ["two", "two@100", undefined],
  ]);
  expect(reflector.synced()).toBe(true);
  expect(reflector.all()).toEqual(["one@100", "two@100"]);
  expect(reflector.get("two")).toBe("two@100");
  const query = Object.fromEntries(queries("watch")[0] ?? []);
  expect(query).toMatchObject({
    resourceVersion: "100",
    allowWatchBookmarks: "true",
    fieldSelector: "status.node=",
  });
  expect(Number(query.timeoutSeconds)).toBeGreaterThanOrEqual(240);
  expect(Number(query.timeoutSeconds)).toBeLessThanOrEqual(300);
});

test("objects that come, change and go are told, each with what was known before", async () => {
  start();
  const watch = await watching();
  tell(watch, "ADDED", object("one", "1", "101"));
  tell(watch, "MODIFIED", object("one", "1", "102"));
  tell(watch, "DELETED", object("one", "1", "103"));
  await until(() => expect(changes).toHaveLength(3));
  expect(changes).toEqual([
    ["1", "one@101", undefined],
    ["1", "one@102", "one@101"],
    ["1", undefined, "one@102"],
  ]);
  expect(reflector.all()).toEqual([]);
});

test("a bookmark moves where the next watch begins, and is no object", async () => {
  start();
  const watch = await watching();
  tell(watch, "BOOKMARK", { metadata: { resourceVersion: "500" } });
  watch.end();
  await watching(2);
  expect(queries("watch")[1]?.get("resourceVersion")).toBe("500");
  expect(queries("list")).toHaveLength(1);
  expect(changes).toEqual([]);
  expect(reflector.restarts()).toBe(0);
});

test("a watch that is reset in a line goes on from the last whole one", async () => {
  start();
  const watch = await watching();
  tell(watch, "ADDED", object("one", "1", "101"));
  watch.write('{"type":"ADDED","object":{"metadata":{"name":"tw');
  await until(() => expect(changes).toHaveLength(1));
  server.reset();
  await watching(2);
  expect(queries("watch")[1]?.get("resourceVersion")).toBe("101");
  expect(queries("list")).toHaveLength(1);
  expect(reflector.restarts()).toBe(1);
});

test("410 as HTTP status lists again and tells what went meanwhile", async () => {
  objects = [object("one"), object("two")];
  let refused = 0;
  onWatch = (response) => {
    refused += 1;
    onWatch = undefined;
    objects = [object("two")];
    refuse(response, 410, "Expired");
  };
  start();
  await watching();
  expect(refused).toBe(1);
  expect(changes.slice(2)).toEqual([["one", undefined, "one@100"]]);
  expect(queries("list")).toHaveLength(2);
  expect(synced).toBe(1);
});

test("410 as an ERROR event lists again", async () => {
  objects = [object("one")];
  start();
  const watch = await watching();
  objects = [object("one", "one", "200"), object("two", "two", "201")];
  version = 300;
  tell(watch, "ERROR", { kind: "Status", code: 410, reason: "Expired", message: "too old resource version" });
  await watching(2);
  expect(changes.slice(1)).toEqual([
    ["one", "one@200", "one@100"],
    ["two", "two@201", undefined],
  ]);
  expect(queries("watch")[1]?.get("resourceVersion")).toBe("300");
});

test("a version that the server refuses again and again is given up for a new list", async () => {
  onWatch = (response) => {
    if (queries("list").length > 1) onWatch = undefined;
    refuse(response, 504, "Timeout");
  };
  start();
  await watching();
  expect(queries("list").length).toBe(2);
});

test("lists that fail are tried until one succeeds, and nothing is taken for gone meanwhile", async () => {
  objects = [object("one")];
  start();
  const watch = await watching();
  let failures = 0;
  onList = (response) => {
    failures += 1;
    if (failures === 1) refuse(response, 500, "InternalError");
    else if (failures === 2) json(response, 200, {});
    else if (failures === 3) refuse(response, 403, "Forbidden");
    else {
      onList = undefined;
      response.socket?.resetAndDestroy();
    }
  };
  tell(watch, "ERROR", { kind: "Status", code: 410 });
  await watching(2);
  expect(failures).toBe(4);
  expect(changes).toEqual([["one", "one@100", undefined]]);
  expect(reflector.all()).toEqual(["one@100"]);
});

test("a server that wants to be left alone for a while is", async () => {
  let told = 0;
  onList = (response) => {
    told = performance.now();
    onList = undefined;
    json(response, 429, { kind: "Status", code: 429 }, { "retry-after": "1" });
  };
  start();
  await watching();
  expect(performance.now() - told).toBeGreaterThanOrEqual(990);
});

test("an API that is back is noticed by the answer to anybody, however long the next try is away", async () => {
  // Nine seconds to the next try.
  vi.spyOn(Math, "random").mockReturnValue(0.9);
  start({ first: 10_000, most: 10_000 });
  await watching();
  server.reset();
  await until(() => expect(reflector.restarts()).toBe(1));
  await api.get("/anything");
  await watching(2);
  expect(reflector.restarts()).toBe(1);
  vi.restoreAllMocks();
});

test("a watch that falls silent is begun anew", async () => {
  start();
  const watch = await watching();
  tell(watch, "ADDED", object("one", "1", "101"));
  await watching(2);
  expect(queries("watch")[1]?.get("resourceVersion")).toBe("101");
});

test("a new token is used by the next watch", async () => {
  start();
  const watch = await watching();
  server.token = "second";
  watch.end();
  await watching(2);
  expect(server.requests.at(-1)?.authorization).toBe("Bearer second");
});

test("an object created again under its name is another one, whatever order it is told in", async () => {
  objects = [object("one", "old")];
  start();
  const watch = await watching();
  tell(watch, "ADDED", object("one", "new", "101"));
  tell(watch, "DELETED", object("one", "old", "102"));
  tell(watch, "BOOKMARK", { metadata: { resourceVersion: "103" } });
  tell(watch, "ADDED", object("end", "end", "104"));
  await until(() => expect(changes.at(-1)?.[0]).toBe("end"));
  expect(changes.slice(1, -1)).toEqual([
    ["old", undefined, "one@100"],
    ["new", "one@101", undefined],
  ]);
});

test("an object created again between two lists is another one", async () => {
  objects = [object("one", "old")];
  start();
  const watch = await watching();
  objects = [object("one", "new", "150")];
  tell(watch, "ERROR", { kind: "Status", code: 410 });
  await watching(2);
  expect(changes.slice(1)).toEqual([
    ["old", undefined, "one@100"],
    ["new", "one@150", undefined],
  ]);
});

test("the same version told twice is one change", async () => {
  objects = [object("one")];
  start();
  const watch = await watching();
  tell(watch, "MODIFIED", object("one"));
  tell(watch, "ADDED", object("two", "two", "101"));
  await until(() => expect(changes).toHaveLength(2));
  expect(changes.map(([uid]) => uid)).toEqual(["one", "two"]);
});

test("many objects come page by page, and only the last page says who is gone", async () => {
  objects = [object("left-over")];
  start();
  const watch = await watching();
  const all = Array.from({ length: 100 }, (_, i) => object(`object-${i}`));
  onList = (response, { query }) => {
    const from = Number(query.get("continue") ?? 0);
    const next = from + 30;
    const more = next < all.length ? { continue: String(next) } : {};
    expect(reflector.get("left-over")).toBeDefined();
    json(response, 200, { metadata: { resourceVersion: "400", ...more }, items: all.slice(from, next) });
  };
  tell(watch, "ERROR", { kind: "Status", code: 410 });
  await watching(2);
  expect(reflector.all()).toHaveLength(100);
  expect(reflector.get("left-over")).toBeUndefined();
  expect(
    queries("list")
      .slice(1)
      .map((query) => query.get("continue")),
  ).toEqual([null, "30", "60", "90"]);
});

test("a list whose next page has expired begins from its first page", async () => {
  objects = [object("one"), object("two")];
  let pages = 0;
  onList = (response, { query }) => {
    pages += 1;
    if (query.has("continue")) {
      onList = undefined;
      return refuse(response, 410, "Expired");
    }
    json(response, 200, { metadata: { resourceVersion: "1", continue: "next" }, items: objects.slice(0, 1) });
  };
  start();
  await watching();
  expect(pages).toBe(2);
  expect(reflector.all()).toEqual(["one@100", "two@100"]);
  expect(synced).toBe(1);
});

test("events that make no sense are as good as a cut connection", async () => {
  start();
  const watch = await watching();
  watch.write("<html>\n");
  const next = await watching(2);
  tell(next, "ADDED", {});
  const last = await watching(3);
  tell(last, "WHATEVER", object("one", "1", "101"));
  tell(last, "ADDED", object("two", "2", "102"));
  await until(() => expect(changes).toEqual([["2", "two@102", undefined]]));
});

test("aborted, it ends, and says no more", async () => {
  start();
  const watch = await watching();
  stop.abort();
  await reflector.done;
  tell(watch, "ADDED", object("one", "1", "101"));
  expect(changes).toEqual([]);
  expect(reflector.restarts()).toBe(0);
});
