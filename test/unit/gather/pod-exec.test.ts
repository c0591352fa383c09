import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { ConnectionLost, ExportRefused } from "../../../src/gather/export-transport.ts";
import { execInPod } from "../../../src/gather/pod-exec.ts";
import type { Configuration } from "../../../src/kubernetes/configuration.ts";

/** An API server's side of exec. */

let server: Server;
let sockets: WebSocketServer;
let play: (socket: WebSocket, request: IncomingMessage) => void;
let refuse: { status: number; body: string } | undefined;
let configuration: Configuration;
beforeEach(async () => {
  refuse = undefined;
  server = createServer();
  sockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => [...offered][0] ?? false });
  server.on("upgrade", (request, socket, head) => {
    if (refuse !== undefined) {
      socket.end(`HTTP/1.1 ${refuse.status} No\r\nconnection: close\r\n\r\n${refuse.body}`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (open) => play(open, request));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  configuration = {
    server: `http://127.0.0.1:${port}`,
    credentials: async () => ({ headers: { authorization: "Bearer t" } }),
  };
});
afterEach(async () => {
  for (const socket of sockets.clients) socket.terminate();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

const LIMITS = { handshake: 2000, silence: 300, ping: 20 };
const POD = { namespace: "pcapper", name: "pcapper-x" };
const SUCCESS = JSON.stringify({ metadata: {}, status: "Success" });

function message(channel: number, payload: string | Buffer): Buffer {
  return Buffer.concat([Buffer.from([channel]), Buffer.from(payload)]);
}

function ended(exitCode: number): string {
  const causes = [{ reason: "ExitCode", message: String(exitCode) }];
  return JSON.stringify({ status: "Failure", reason: "NonZeroExitCode", message: "x", details: { causes } });
}

async function exec({ signal = new AbortController().signal, slow = 0 } = {}) {
  const received: Buffer[] = [];
  const take = async (chunks: readonly Buffer[]): Promise<void> => {
    if (slow > 0) await pause(slow);
    received.push(...chunks.map((chunk) => Buffer.from(chunk)));
  };
  const end = await execInPod(configuration, POD, ["list", "pcap1"], take, signal, LIMITS).catch(
    (error: unknown) => ({ error }),
  );
  return { end, stdout: Buffer.concat(received).toString() };
}

test("it asks for the files container, our command and no stdin, with our credentials", async () => {
  const requests: IncomingMessage[] = [];
  play = (socket, request) => {
    requests.push(request);
    socket.send(message(3, SUCCESS));
  };
  expect((await exec()).end).toEqual({ exitCode: 0, stderr: "" });
  const url = new URL(requests[0]?.url ?? "", "http://x");
  expect(url.pathname).toBe("/api/v1/namespaces/pcapper/pods/pcapper-x/exec");
  expect(url.searchParams.getAll("command")).toEqual(["pcapper", "export", "list", "pcap1"]);
  expect(url.searchParams.get("container")).toBe("files");
  expect(url.searchParams.has("stdin")).toBe(false);
  expect(requests[0]?.headers).toMatchObject({
    authorization: "Bearer t",
    "sec-websocket-protocol": "v5.channel.k8s.io,v4.channel.k8s.io",
  });
});

test("the streams are told apart, and an exit code is read", async () => {
  play = (socket) => {
    socket.send(message(1, "ab"));
    socket.send(message(2, "oh "));
    socket.send(message(1, ""));
    socket.send(message(1, "cd"));
    socket.send(message(2, "dear"));
    socket.send(message(3, ended(2)));
    socket.close();
  };
  expect(await exec()).toEqual({ stdout: "abcd", end: { exitCode: 2, stderr: "oh dear" } });
});

test.each(["{}", "no JSON", JSON.stringify({ status: "Failure", message: "container not found" })])(
  "an end that is no exit code is a loss: %s",
  async (status) => {
    play = (socket) => socket.send(message(3, status));
    expect(await exec()).toMatchObject({ end: { error: expect.any(ConnectionLost) } });
  },
);

test("a connection that ends without a status is a loss, and what came before was taken", async () => {
  play = (socket) => {
    socket.send(message(1, "half"));
    socket.close();
  };
  expect(await exec()).toMatchObject({ stdout: "half", end: { error: expect.any(ConnectionLost) } });
});

test("a connection that is cut is a loss, and what came before was taken", async () => {
  play = (socket) => socket.send(message(1, "half"), () => socket.terminate());
  expect(await exec({ slow: 20 })).toMatchObject({
    stdout: "half",
    end: { error: expect.any(ConnectionLost) },
  });
});

test("a node that says nothing any more is a loss, though its connection stands", async () => {
  play = (socket) => socket.send(message(1, "half"));
  const { end } = await exec();
  expect(end).toMatchObject({ error: { message: "no byte came for 0.3 s" } });
});

test("a checksum that goes on keeps a long silence on stdout alive", async () => {
  play = async (socket) => {
    for (let sign = 1; sign <= 10; sign += 1) {
      socket.send(message(2, `{"hashed":${sign}}\n`));
      await pause(60);
    }
    socket.send(message(3, SUCCESS));
  };
  expect((await exec()).end).toMatchObject({ exitCode: 0 });
});

test.each([
  ["words on stderr", message(2, "x")],
  ["a checksum that stands still", message(2, '{"hashed":5}\n')],
  ["empty pieces of stdout", message(1, "")],
])("it is no progress to send %s", async (_what, sign) => {
  const signs: NodeJS.Timeout[] = [];
  play = (socket) => void signs.push(setInterval(() => socket.send(sign), 50));
  const enough = AbortSignal.timeout(3000);
  expect((await exec({ signal: enough })).end).toMatchObject({
    error: { message: "no byte came for 0.3 s" },
  });
  clearInterval(signs[0]);
});

test("a receiver slower than the silence that is allowed is no silence", async () => {
  play = (socket) => {
    for (let piece = 0; piece < 3; piece += 1) socket.send(message(1, Buffer.alloc(2_000_000, "x")));
    socket.send(message(3, SUCCESS));
  };
  const { end, stdout } = await exec({ slow: 500 });
  expect(end).toMatchObject({ exitCode: 0 });
  expect(stdout).toHaveLength(6_000_000);
});

test("the sender is held up while the receiver is behind", async () => {
  let sent = 0;
  const piece = message(1, Buffer.alloc(64 * 1024));
  play = async (socket) => {
    for (; sent < 4000 && socket.readyState === socket.OPEN; sent += 1) {
      await new Promise((resolve) => socket.send(piece, resolve));
    }
  };
  const stop = new AbortController();
  const stuck = execInPod(configuration, POD, [], () => new Promise(() => undefined), stop.signal, LIMITS);
  let before = -1;
  while (sent !== before) {
    before = sent;
    await pause(200);
  }
  // What sockets of both sides hold, and a megabyte of ours: not the 260 MB.
  expect(sent * 64 * 1024).toBeLessThan(40_000_000);
  stop.abort(new Error("enough"));
  void stuck.catch(() => undefined);
});

describe("an API server that does not open the connection", () => {
  test.each([400, 401, 403, 405, 422])("and says %i is a refusal, with its own words", async (status) => {
    refuse = { status, body: JSON.stringify({ kind: "Status", message: "policy says no" }) };
    const { end } = await exec();
    expect(end).toMatchObject({ error: expect.any(ExportRefused) });
    expect(end).toMatchObject({ error: { message: `exec: ${status}, policy says no` } });
  });

  test.each([404, 429, 500, 503])("and says %i may do so later", async (status) => {
    refuse = { status, body: "not now" };
    expect(await exec()).toMatchObject({ end: { error: expect.any(ConnectionLost) } });
  });

  test("because nobody is there may be there later", async () => {
    const port = Number(new URL(configuration.server).port);
    configuration = { ...configuration, server: `http://127.0.0.1:${port === 1 ? 2 : 1}` };
    expect(await exec()).toMatchObject({ end: { error: expect.any(ConnectionLost) } });
  });
});

test("an error of the receiver ends the connection and is the error", async () => {
  play = (socket) => socket.send(message(1, "x"));
  const full = async (): Promise<void> => {
    throw new Error("disk full");
  };
  const { signal } = new AbortController();
  await expect(execInPod(configuration, POD, [], full, signal, LIMITS)).rejects.toThrow("disk full");
});

test("a signal ends it with the signal's reason, before and while it runs", async () => {
  const stop = new AbortController();
  play = () => stop.abort(new Error("Ctrl-C"));
  expect(await exec({ signal: stop.signal })).toMatchObject({ end: { error: { message: "Ctrl-C" } } });
  expect(await exec({ signal: stop.signal })).toMatchObject({ end: { error: { message: "Ctrl-C" } } });
});
