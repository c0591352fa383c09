/** Between one node's agent and the API server: passes everything on, or does to it what networks and busy servers do. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Agent, createServer, request as openRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { dirname, join } from "node:path";
import type { ApiServer } from "../kubernetes/api-server.ts";
import type { Draw } from "./random.ts";

export type ProxyMode =
  | { do: "pass" }
  /** Answers for the server. */
  | { do: "refuse"; status: 429 | 500 }
  /** Each request waits so many ms. */
  | { do: "slow"; milliseconds: number }
  /** Answers end in their middle, and so do the watches that are open. */
  | { do: "cut" }
  /** Requests are carried out, and nobody hears of it. */
  | { do: "lose answers" }
  /** Connections are accepted, and nothing is ever said. */
  | { do: "hang" };

export interface ApiProxy {
  /** https://127.0.0.1:PORT, good with the certificates of the API server itself. */
  address: string;
  /** From now on, to this share of all requests (0 to 1); the newest wins. @returns what ends it */
  begin(mode: ProxyMode, share: number): () => void;
  close(): Promise<void>;
}

const TROUBLE = {
  429: { reason: "TooManyRequests", message: "the server is busy (said by the test)" },
  500: { reason: "InternalError", message: "etcdserver: leader changed (said by the test)" },
} as const;

/** The API server made its certificate itself, in its own folder: the proxy shows the same one. */
export async function startApiProxy(server: ApiServer, draw: Draw): Promise<ApiProxy> {
  const folder = dirname(server.adminKubeconfig.path);
  const cert = readFileSync(join(folder, "apiserver.crt"));
  const key = readFileSync(join(folder, "apiserver.key"));
  const upstream = new Agent({ keepAlive: true, ca: cert });
  const sockets = new Set<Socket>();
  const watches = new Set<ServerResponse>();
  const begun: { mode: ProxyMode; share: number }[] = [];
  const current = (): ProxyMode => {
    const newest = begun.at(-1);
    return newest !== undefined && draw.chance(newest.share) ? newest.mode : { do: "pass" };
  };

  const onRequest = (asked: IncomingMessage, answer: ServerResponse): void => {
    const now = current();
    if (now.do === "hang") return void asked.resume();
    if (now.do === "refuse") return void refuse(asked, answer, now.status);
    const wait = now.do === "slow" ? now.milliseconds : 0;
    setTimeout(() => forward(asked, answer, now), wait);
  };

  const forward = (asked: IncomingMessage, answer: ServerResponse, now: ProxyMode): void => {
    const { method = "GET", url = "/", headers } = asked;
    const sent = openRequest(new URL(url, server.address), { method, headers, agent: upstream });
    sent.on("error", () => asked.socket.destroy());
    let isWhole = false;
    answer.on("close", () => {
      if (!isWhole) sent.destroy();
    });
    sent.on("response", (told) => {
      if (now.do === "lose answers" && method !== "GET") {
        told.resume();
        return void asked.socket.destroy();
      }
      answer.writeHead(told.statusCode ?? 500, told.headers);
      answer.flushHeaders();
      if (url.includes("watch=true") || url.includes("watch=1")) watches.add(answer);
      answer.on("close", () => watches.delete(answer));
      told.on("error", () => asked.socket.destroy());
      told.on("data", (data: Buffer) => pass(asked, answer, data));
      told.on("end", () => {
        isWhole = true;
        answer.end();
      });
    });
    asked.pipe(sent);
  };

  /** In the middle of a line, where it is to be cut. */
  const pass = (asked: IncomingMessage, answer: ServerResponse, data: Buffer): void => {
    if (current().do !== "cut") return void answer.write(data);
    answer.write(data.subarray(0, draw.between(0, data.length - 1)), () => asked.socket.destroy());
  };

  const tls = createServer({ cert, key }, onRequest);
  tls.on("tlsClientError", () => undefined);
  tls.on("clientError", (_error, socket) => socket.destroy());
  tls.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
  });
  tls.listen(0, "127.0.0.1");
  await once(tls, "listening");
  return {
    address: `https://127.0.0.1:${(tls.address() as AddressInfo).port}`,
    begin: (mode, share) => {
      const entry = { mode, share };
      begun.push(entry);
      if (mode.do === "cut" || mode.do === "refuse") for (const watch of watches) watch.socket?.destroy();
      return () => {
        begun.splice(begun.indexOf(entry), 1);
        // Whoever waited for an answer that will not come hears of it now.
        if (mode.do === "hang") for (const socket of sockets) socket.destroy();
      };
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      upstream.destroy();
      tls.close();
      await once(tls, "close");
    },
  };
}

function refuse(asked: IncomingMessage, answer: ServerResponse, code: 429 | 500): void {
  asked.resume();
  const body = { kind: "Status", apiVersion: "v1", status: "Failure", code, ...TROUBLE[code] };
  const headers = { "content-type": "application/json", ...(code === 429 ? { "retry-after": "1" } : {}) };
  answer.writeHead(code, headers);
  answer.end(JSON.stringify(body));
}
