import { afterEach, expect, test } from "vitest";
import {
  createKubernetesApi,
  type KubernetesApi,
  type KubernetesError,
} from "../../../src/kubernetes/api.ts";
import type { TimeLimits } from "../../../src/kubernetes/transport.ts";
import {
  type FakeApiServer,
  inTurn,
  json,
  type Reply,
  refuse,
  startFakeApiServer,
} from "./fake-api-server.ts";

let server: FakeApiServer;
let api: KubernetesApi;
let errors: number[];

const SOON: TimeLimits = { head: 100, silence: 100, whole: 400 };

async function start(reply: Reply, limits: { requestLimits?: TimeLimits; watchLimits?: TimeLimits } = {}) {
  server = await startFakeApiServer(reply);
  errors = [];
  const onError = ({ status }: KubernetesError) => errors.push(status);
  api = createKubernetesApi(server.configuration, { onError, ...limits });
}

afterEach(async () => {
  api.close();
  await server.close();
});

const NEVER = new AbortController().signal;

test("an object is what the server says it is", async () => {
  await start((response) => json(response, 200, { metadata: { name: "one" } }));
  expect(await api.get("/api/v1/namespaces/one")).toEqual({ metadata: { name: "one" } });
  expect(errors).toEqual([]);
});

test("an object that the server does not have is undefined, and no error", async () => {
  await start((response) => refuse(response, 404, "NotFound", { name: "one" }));
  expect(await api.get("/api/v1/namespaces/one")).toBeUndefined();
  expect(errors).toEqual([]);
});

test("refusals that are ordinary are no errors: an Event that is there already, a version of long ago", async () => {
  await start(
    inTurn(
      (response) => refuse(response, 409, "AlreadyExists"),
      (response) => refuse(response, 410, "Expired"),
      (response) => refuse(response, 404, "NotFound", { name: "one" }),
      (response) => refuse(response, 409, "Conflict"),
    ),
  );
  await expect(api.create("/events", {})).rejects.toMatchObject({ reason: "AlreadyExists" });
  await expect(api.watch("/pods", {}, () => undefined, NEVER)).rejects.toMatchObject({ status: 410 });
  await expect(api.patchMerge("/one/status", {})).rejects.toMatchObject({ status: 404 });
  await expect(api.patchMerge("/one/status", {})).rejects.toMatchObject({ status: 409 });
  expect(errors).toEqual([409]);
});

test("that the API is back is told once, by the first answer after a request without one", async () => {
  let returns = 0;
  await start(
    inTurn(
      (response) => json(response, 200, {}),
      (response) => response.socket?.resetAndDestroy(),
      (response) => response.socket?.resetAndDestroy(),
      (response) => refuse(response, 409, "Conflict"),
      (response) => json(response, 200, {}),
    ),
  );
  const forget = api.onReturn(() => {
    returns += 1;
  });
  await api.create("/one", {});
  expect(returns).toBe(0);
  await expect(api.create("/one", {})).rejects.toMatchObject({ status: 0 });
  await expect(api.create("/one", {})).rejects.toMatchObject({ status: 0 });
  expect(returns).toBe(0);
  await expect(api.create("/one", {})).rejects.toMatchObject({ status: 409 });
  expect(returns).toBe(1);
  await api.create("/one", {});
  expect(returns).toBe(1);
  forget();
});

test("a whole API that is missing does not say that an object is gone", async () => {
  await start(
    inTurn(
      (response) => response.writeHead(404).end("404 page not found\n"),
      (response) => refuse(response, 404, "NotFound", {}),
    ),
  );
  const sentence = "GET /apis/x/one: 404, 404 page not found";
  await expect(api.get("/apis/x/one")).rejects.toMatchObject({ status: 404, message: sentence });
  await expect(api.get("/apis/x/one")).rejects.toMatchObject({ status: 404 });
  expect(errors).toEqual([404, 404]);
});

test("a hundred requests use a few connections", async () => {
  await start((response) => json(response, 200, {}));
  await Promise.all(Array.from({ length: 50 }, () => api.get("/one")));
  for (let i = 0; i < 50; i += 1) await api.get("/one");
  expect(server.connections()).toBeLessThanOrEqual(8);
});

test("a request that waits for a free connection has all of its time when it has one", async () => {
  await start((response) => setTimeout(() => json(response, 200, {}), 200), {
    requestLimits: { head: 700, silence: 700, whole: 700 },
  });
  const all = await Promise.all(Array.from({ length: 48 }, () => api.get("/one")));
  expect(all).toHaveLength(48);
  expect(errors).toEqual([]);
});

test("requests in a row use one connection, refused ones too", async () => {
  await start((response) => refuse(response, 409, "Conflict"));
  for (let i = 0; i < 20; i += 1) await expect(api.patchMerge("/one", {})).rejects.toThrow("409");
  expect(server.connections()).toBe(1);
});

test("a refusal carries the server's status, word, sentence and wish to wait", async () => {
  await start((response) =>
    json(
      response,
      429,
      { kind: "Status", reason: "TooManyRequests", message: "slow down", code: 429 },
      { "retry-after": "7" },
    ),
  );
  await expect(api.create("/events", {})).rejects.toMatchObject({
    name: "KubernetesError",
    status: 429,
    reason: "TooManyRequests",
    message: "POST /events: 429, slow down",
    retryAfter: 7000,
  });
  expect(api.lastSeen()).toBe(Number.NEGATIVE_INFINITY);
});

test("a wish to wait for hours is not obeyed for longer than a minute", async () => {
  await start((response) => json(response, 503, {}, { "retry-after": "86400" }));
  await expect(api.get("/one")).rejects.toMatchObject({ retryAfter: 60_000 });
});

test("a server that nobody hears has status 0", async () => {
  await start((response) => json(response, 200, {}));
  await server.close();
  await expect(api.get("/one")).rejects.toMatchObject({ status: 0 });
  expect(errors).toEqual([0]);
  server = await startFakeApiServer((response) => json(response, 200, {}));
});

test.each([
  ["what is no JSON", (response) => response.writeHead(200).end("<html>")],
  [
    "a connection that is cut in the answer",
    (response) => {
      response.writeHead(200, { "content-length": "100" }).write("{");
      setImmediate(() => response.socket?.resetAndDestroy());
    },
  ],
  ["no answer at all", () => undefined],
  ["an answer that stops in the middle", (response) => void response.writeHead(200).write("{")],
] satisfies [string, Reply][])("%s is no answer, and has status 0", async (_name, reply) => {
  await start(reply, { requestLimits: SOON });
  await expect(api.get("/one")).rejects.toMatchObject({ name: "KubernetesError", status: 0 });
});

test("an answer that drips for ever is given up", async () => {
  await start(
    (response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(drip));
    },
    { requestLimits: SOON },
  );
  await expect(api.get("/one")).rejects.toThrow("it took longer than 0.4 s");
});

test("an answer that takes its time in pieces arrives whole", async () => {
  const body = JSON.stringify({ text: "ü".repeat(20) });
  await start((response) => {
    response.writeHead(200);
    const bytes = Buffer.from(body);
    let at = 0;
    const drip = setInterval(() => {
      response.write(bytes.subarray(at, at + 7));
      at += 7;
      if (at < bytes.length) return;
      clearInterval(drip);
      response.end();
    }, 1);
  });
  expect(await api.get("/one")).toEqual({ text: "ü".repeat(20) });
});

test("a read on a kept connection that the server has closed is sent again", async () => {
  let calls = 0;
  await start((response) => {
    calls += 1;
    if (calls === 2) response.socket?.resetAndDestroy();
    else json(response, 200, { calls });
  });
  await api.get("/one");
  expect(await api.get("/one")).toEqual({ calls: 3 });
});

test("a write on a connection that is cut is not sent twice behind the caller's back", async () => {
  let calls = 0;
  await start((response) => {
    calls += 1;
    if (calls === 2) response.socket?.resetAndDestroy();
    else json(response, 200, { calls });
  });
  await api.patchMerge("/one", {});
  await expect(api.patchMerge("/one", {})).rejects.toMatchObject({ status: 0 });
  expect(calls).toBe(2);
});

test("each request carries the token of its moment", async () => {
  await start((response) => json(response, 200, {}));
  await api.get("/one");
  server.token = "second";
  await api.get("/one");
  expect(server.requests.map(({ authorization }) => authorization)).toEqual([
    "Bearer first",
    "Bearer second",
  ]);
});

test("a merge patch says that it is one", async () => {
  let contentType: string | undefined;
  await start((response) => {
    contentType = response.req.headers["content-type"];
    json(response, 200, { metadata: { name: "one" } });
  });
  await api.patchMerge("/one/status", { status: { node: null } });
  expect(contentType).toBe("application/merge-patch+json");
  expect(server.requests[0]).toMatchObject({ method: "PATCH", body: { status: { node: null } } });
});

test.each([{}, { items: null, metadata: { resourceVersion: "1" } }, { items: [], metadata: {} }])(
  "%j is no empty list",
  async (body) => {
    await start((response) => json(response, 200, body));
    await expect(api.list("/pods")).rejects.toThrow("the answer is no list of objects");
  },
);

test("a page tells how to get the next", async () => {
  await start((response) =>
    json(response, 200, { metadata: { resourceVersion: "5", continue: "more" }, items: [] }),
  );
  expect(await api.list("/pods", { limit: "1" })).toEqual({
    items: [],
    resourceVersion: "5",
    continueToken: "more",
  });
  expect(server.requests[0]?.query.get("limit")).toBe("1");
});

test("the time is the server's, not this machine's", async () => {
  const hourAhead = Date.now() + 3_600_000;
  await start((response) => json(response, 200, {}, { date: new Date(hourAhead).toUTCString() }));
  await api.get("/one");
  expect(Math.abs(api.now() - hourAhead)).toBeLessThan(5000);
});

test("an answer, even a refusal that concerns the object, is a sign of life", async () => {
  await start((response) => refuse(response, 409, "Conflict"));
  const before = performance.now();
  await expect(api.patchMerge("/one", {})).rejects.toThrow();
  expect(api.lastSeen()).toBeGreaterThanOrEqual(before);
});

test("a watch gives each whole line and ends when the server ends it", async () => {
  await start((response) => {
    response.writeHead(200);
    const bytes = Buffer.from('{"a":"ü"}\n\n{"b":2}\n{"cut');
    for (const byte of bytes) response.write(Buffer.from([byte]));
    response.end();
  });
  const lines: string[] = [];
  await api.watch("/pods", { resourceVersion: "5" }, (line) => lines.push(line), NEVER);
  expect(lines).toEqual(['{"a":"ü"}', '{"b":2}']);
  expect(server.requests[0]?.query.toString()).toBe("resourceVersion=5&watch=true");
});

test("a watch that is cut in a line says so, after the lines before", async () => {
  await start((response) => {
    response.writeHead(200).write('{"a":1}\n{"b', () => response.socket?.resetAndDestroy());
  });
  const lines: string[] = [];
  await expect(api.watch("/pods", {}, (line) => lines.push(line), NEVER)).rejects.toMatchObject({
    status: 0,
  });
  expect(lines).toEqual(['{"a":1}']);
});

test("a watch of which nothing is heard any more is given up", async () => {
  await start((response) => void response.writeHead(200).write('{"a":1}\n'), {
    watchLimits: { ...SOON, whole: 0 },
  });
  await expect(api.watch("/pods", {}, () => undefined, NEVER)).rejects.toThrow("it was silent for 0.1 s");
});

test("a watch that is refused has the server's status", async () => {
  await start((response) => refuse(response, 410, "Expired"));
  await expect(api.watch("/pods", {}, () => undefined, NEVER)).rejects.toMatchObject({ status: 410 });
});

test("a watch ends at once when it is aborted, which is no error of the API", async () => {
  const stop = new AbortController();
  await start((response) => void response.writeHead(200).write('{"a":1}\n'));
  await expect(api.watch("/pods", {}, () => stop.abort(new Error("enough")), stop.signal)).rejects.toThrow(
    "enough",
  );
  expect(errors).toEqual([]);
});

test("many watches do not keep requests from being sent", async () => {
  const stop = new AbortController();
  await start((response, { query }) => {
    if (query.has("watch")) response.writeHead(200).write("{}\n");
    else json(response, 200, {});
  });
  const begun = Array.from({ length: 20 }, () => Promise.withResolvers<void>());
  const watches = begun.map(({ resolve }) => api.watch("/pods", {}, () => resolve(), stop.signal));
  await Promise.all(begun.map(({ promise }) => promise));
  expect(await api.get("/one")).toEqual({});
  stop.abort();
  await Promise.allSettled(watches);
});
