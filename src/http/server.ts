import { createServer, type Server, type ServerResponse } from "node:http";
import type { HttpAddress } from "../agent/agent-settings.ts";
import { type Answer, answer, plain, type Sources } from "./answer.ts";
import { boundAddress, keepListening, type ListenOptions } from "./listen.ts";

export interface HttpServer {
  /** Where it listens; undefined while the address cannot be had. */
  address(): HttpAddress | undefined;
  /** Ends at once, open connections too; never fails. */
  close(): Promise<void>;
}

export interface HttpServerOptions extends Sources, ListenOptions {}

/** Milliseconds a client has for its request, and again for the answer to move. */
const PATIENCE = 10_000;

/**
 * Serves /metrics, /healthz and /readyz. An address that is taken or is not this machine's is an error in the
 * log and tried again: captures do not depend on being watched. It never keeps the process alive.
 */
export function startHttpServer(options: HttpServerOptions): HttpServer {
  const server = createBoundedServer(options);
  const close = keepListening(server, options);
  return { address: () => boundAddress(server), close };
}

function createBoundedServer({ log, ...sources }: HttpServerOptions): Server {
  const limits = {
    requestTimeout: PATIENCE,
    headersTimeout: PATIENCE,
    connectionsCheckingInterval: 2_000,
    maxHeaderSize: 8_192,
  };
  const server = createServer(limits, async ({ method, url }, response) => {
    send(
      response,
      await answer(sources, method, url).catch((error: unknown) => {
        log.error({}, `${url} could not be answered: ${error instanceof Error ? error.message : error}`);
        return plain(500, "There is no answer; the agent's log says why.");
      }),
    );
  });
  server.timeout = PATIENCE;
  server.maxConnections = 64;
  return server;
}

/** One connection, one answer: nobody holds connections open that a probe may need. */
function send(response: ServerResponse, { status, contentType, body }: Answer): void {
  response.writeHead(status, {
    "Content-Type": contentType,
    "Content-Length": Buffer.byteLength(body),
    Connection: "close",
    ...(status === 405 ? { Allow: "GET, HEAD" } : {}),
  });
  response.end(body);
}
