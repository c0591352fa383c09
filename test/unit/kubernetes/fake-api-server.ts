import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import type { Configuration } from "../../../src/kubernetes/configuration.ts";

export interface SeenRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
  authorization: string | undefined;
}

export type Reply = (response: ServerResponse, request: SeenRequest) => void;

/** An HTTP server that plays an API server's bad days: a test says what each request is answered with. */
export interface FakeApiServer {
  configuration: Configuration;
  /** The token that requests are sent with from now on. */
  token: string;
  requests: SeenRequest[];
  /** TCP connections so far. */
  connections(): number;
  /** Ends all connections that are open, without a word. */
  reset(): void;
  close(): Promise<void>;
}

export async function startFakeApiServer(answer: Reply): Promise<FakeApiServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer(async (request, response) => {
    const seen = await seenRequest(request);
    fake.requests.push(seen);
    answer(response, seen);
  });
  server.on("connection", (socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const fake: FakeApiServer = {
    token: "first",
    configuration: {
      server: `http://127.0.0.1:${port}`,
      credentials: async () => ({ headers: { authorization: `Bearer ${fake.token}` } }),
    },
    requests: [],
    connections: () => connections,
    reset: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
  return fake;
}

async function seenRequest(request: IncomingMessage): Promise<SeenRequest> {
  const { pathname, searchParams } = new URL(request.url ?? "", "http://fake");
  const body = await text(request);
  return {
    method: request.method ?? "",
    path: pathname,
    query: searchParams,
    body: body === "" ? undefined : JSON.parse(body),
    authorization: request.headers.authorization,
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

/** A refusal as the API server words it. */
export function refuse(response: ServerResponse, code: number, reason: string, details = {}): void {
  json(response, code, {
    kind: "Status",
    status: "Failure",
    code,
    reason,
    message: `${reason} it is`,
    details,
  });
}

/** Replies in turn; the last one for all that follow. */
export function inTurn(...replies: Reply[]): Reply {
  let next = 0;
  return (response, request) => {
    const reply = replies[Math.min(next, replies.length - 1)];
    next += 1;
    reply?.(response, request);
  };
}
