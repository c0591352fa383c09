import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, request } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { HttpAddress } from "../../../src/agent/agent-settings.ts";
import { createMetrics } from "../../../src/http/metrics.ts";
import { type HttpServer, type HttpServerOptions, startHttpServer } from "../../../src/http/server.ts";
import { SOME_FIGURES } from "./some-figures.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };
const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server and its log; each line is an event too. */
function start(options: Partial<HttpServerOptions> = {}) {
  const lines: string[] = [];
  const waiting: { part: string; done: () => void }[] = [];
  const write = (level: string) => (_fields: unknown, message: string) => {
    lines.push(`${level}: ${message}`);
    for (const { part, done } of waiting) if (message.includes(part)) done();
  };
  const server = startHttpServer({
    address: LOOPBACK,
    metrics: createMetrics(() => SOME_FIGURES),
    ready: () => undefined,
    log: { info: write("info"), error: write("error") },
    ...options,
  });
  closers.push(server.close);
  const said = (part: string) =>
    new Promise<void>((done) => {
      waiting.push({ part, done });
      if (lines.some((line) => line.includes(part))) done();
    });
  return { server, lines, said };
}

async function started(options: Partial<HttpServerOptions> = {}) {
  const running = start(options);
  await running.said("Metrics and probes are at");
  return running;
}

function addressOf(server: HttpServer): HttpAddress {
  const address = server.address();
  if (address === undefined) throw new Error("it does not listen");
  return address;
}

interface Answered {
  status: number | undefined;
  headers: IncomingHttpHeaders;
  body: string;
}

async function ask(server: HttpServer, path: string, method = "GET"): Promise<Answered> {
  const asking = request({ ...addressOf(server), path, method, agent: false });
  asking.end();
  const [response] = await once(asking, "response");
  let body = "";
  for await (const part of response.setEncoding("utf8")) body += part;
  return { status: response.statusCode, headers: response.headers, body };
}

test("/metrics answers in Prometheus' text format", async () => {
  const { server } = await started();
  const { status, headers, body } = await ask(server, "/metrics?name=x");
  expect(status).toBe(200);
  expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(body).toContain("# TYPE pcapper_captured_packets_total counter\n");
  expect(body).toContain("\npcapper_captures_running 2\n");
});

test("/readyz says ok, or why not, as it is at that moment; /healthz is ok as long as it can answer", async () => {
  let ready: string | undefined = "The watch of pods has not synced yet.";
  const { server } = await started({ ready: () => ready });
  expect(await ask(server, "/healthz")).toMatchObject({ status: 200, body: "ok\n" });
  expect(await ask(server, "/readyz")).toMatchObject({
    status: 503,
    body: "The watch of pods has not synced yet.\n",
  });
  ready = undefined;
  expect(await ask(server, "/readyz")).toMatchObject({ status: 200, body: "ok\n" });
});

test.each(["/", "/metrics/", "/healthz/../metrics", "/favicon.ico", "//metrics"])(
  "%s is not found",
  async (path) => {
    const { server } = await started();
    expect(await ask(server, path)).toMatchObject({ status: 404 });
  },
);

test("HEAD has the headers of GET and no body", async () => {
  const { server } = await started();
  const get = await ask(server, "/metrics");
  const head = await ask(server, "/metrics", "HEAD");
  expect(head).toMatchObject({ status: 200, body: "" });
  expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  expect(head.headers["content-type"]).toBe(get.headers["content-type"]);
});

test.each(["POST", "PUT", "DELETE", "OPTIONS"])("%s does not work", async (method) => {
  const { server } = await started();
  const { status, headers } = await ask(server, "/metrics", method);
  expect(status).toBe(405);
  expect(headers.allow).toBe("GET, HEAD");
});

test("a connection is closed after its answer, also where the client would keep it", async () => {
  const { server } = await started();
  const socket = connect(addressOf(server));
  socket.end("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n");
  let text = "";
  for await (const part of socket.setEncoding("utf8")) text += part;
  expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/);
});

test("metrics that fail are a 500 with a line in the log, and health is still told", async () => {
  const metrics = createMetrics(() => Promise.reject(new Error("statfs: Input/output error")));
  const { server, lines } = await started({ metrics });
  const { status, body } = await ask(server, "/metrics");
  expect(status).toBe(500);
  expect(body).not.toContain("statfs");
  expect(lines).toContain("error: /metrics could not be answered: statfs: Input/output error");
  expect(await ask(server, "/healthz")).toMatchObject({ status: 200 });
});

test("a check that throws is a 500", async () => {
  const { server } = await started({
    ready: () => {
      throw new Error("broken");
    },
  });
  expect(await ask(server, "/readyz")).toMatchObject({ status: 500 });
});

test("bytes that are no HTTP, and headers without end, are refused and harm nobody", async () => {
  const { server } = await started();
  for (const text of [
    "\0\x01\x02\r\n\r\n",
    `GET / HTTP/1.1\r\nHost: x\r\nX: ${"x".repeat(20_000)}\r\n\r\n`,
  ]) {
    const socket = connect(addressOf(server));
    socket.on("error", () => undefined);
    socket.write(text);
    const [first] = await once(socket, "data");
    expect(String(first)).toMatch(/^HTTP\/1.1 4/);
    socket.destroy();
  }
  expect(await ask(server, "/healthz")).toMatchObject({ status: 200 });
});

test("close ends at once, with idle and half-asked connections open", async () => {
  const { server } = await started();
  const socket = connect(addressOf(server));
  socket.on("error", () => undefined);
  socket.write("GET /metrics HTTP/1.1\r\nHost:");
  await ask(server, "/healthz");
  const gone = once(socket, "close");
  await server.close();
  await gone;
  expect(server.address()).toBeUndefined();
  await server.close();
});

test("close does not wait for figures that never come", async () => {
  const asked = Promise.withResolvers<void>();
  const metrics = createMetrics(() => {
    asked.resolve();
    return new Promise(() => undefined);
  });
  const { server } = await started({ metrics });
  const answered = ask(server, "/metrics");
  answered.catch(() => undefined);
  await asked.promise;
  await server.close();
  await expect(answered).rejects.toThrow("socket hang up");
});

test("a taken port is one error in the log, and is had once it is free", async () => {
  const other = createServer().listen(LOOPBACK);
  await once(other, "listening");
  const { port } = other.address() as AddressInfo;
  const { server, lines, said } = start({ address: { host: "127.0.0.1", port }, retryEvery: 5 });
  await said("EADDRINUSE");
  expect(server.address()).toBeUndefined();
  other.close();
  await said("Metrics and probes are at");
  expect(await ask(server, "/readyz")).toMatchObject({ status: 200 });
  expect(lines).toEqual([
    `error: HTTP_ADDRESS 127.0.0.1:${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}. It is tried again every 0.005 s; captures go on.`,
    `info: Metrics and probes are at http://127.0.0.1:${port}.`,
  ]);
});

test("an address of another machine is an error in the log, and close ends the tries", async () => {
  const { server, lines, said } = start({ address: { host: "192.0.2.1", port: 1 }, retryEvery: 1 });
  await said("HTTP_ADDRESS 192.0.2.1:1: listen EADDRNOTAVAIL");
  await server.close();
  expect(lines).toHaveLength(1);
  expect(server.address()).toBeUndefined();
});

test("close before it listens leaves nothing behind", async () => {
  const { server, lines } = start({ address: { host: "localhost", port: 0 } });
  await server.close();
  await new Promise(setImmediate);
  expect(server.address()).toBeUndefined();
  expect(lines).toEqual([]);
});
