import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { Configuration, Credentials } from "./configuration.ts";

/** Milliseconds each part of an exchange may take. */
export interface TimeLimits {
  /** Until the head of the answer is there; with all of connecting, but not the wait for a connection that is free. */
  head: number;
  /** Between two pieces of the answer. */
  silence: number;
  /** For the answer from its head to its end; 0 = as long as it likes. */
  whole: number;
}

/** kube-apiserver keeps a request at most 15 s in its queue, and gives it a minute in all. */
export const REQUEST_LIMITS: TimeLimits = { head: 20_000, silence: 20_000, whole: 60_000 };

/** A watch is asked to end after at most 300 s; nothing at all for longer means that nobody is there. */
export const WATCH_LIMITS: TimeLimits = { head: 20_000, silence: 330_000, whole: 0 };

export interface Exchange {
  method: "GET" | "POST" | "PATCH";
  /** With its query. */
  path: string;
  body?: string;
  contentType?: string;
  signal?: AbortSignal;
  limits: TimeLimits;
  /** Watches have connections of their own: they hold them for minutes. */
  pool: "requests" | "watches";
}

export interface Transport {
  /** @returns what `read` made of the answer. @throws whatever kept it from coming, all of it */
  exchange<T>(exchange: Exchange, read: (answer: IncomingMessage) => Promise<T>): Promise<T>;
  /** Closes all connections. */
  close(): void;
}

/** Many captures at once are no reason for as many TLS handshakes. */
const MOST_CONNECTIONS = 8;
/** Go's server closes an idle connection after 90 s or more: be the first. */
const IDLE_MILLISECONDS = 60_000;
const PROBE_MILLISECONDS = 30_000;

/** HTTP(S) over connections that are kept. Those of other certificates or keys are never mixed up: node:https sees to it. */
export function createTransport(configuration: Configuration): Transport {
  const { Agent, request } = configuration.server.startsWith("http:") ? http : https;
  const kept = { keepAlive: true, keepAliveMsecs: PROBE_MILLISECONDS, timeout: IDLE_MILLISECONDS };
  const agents = {
    requests: new Agent({ ...kept, maxSockets: MOST_CONNECTIONS }),
    watches: new Agent(kept),
  };

  const open = (exchange: Exchange, credentials: Credentials): http.ClientRequest => {
    const { method, path, body, contentType, signal, pool } = exchange;
    const headers: Record<string, string> = {
      "user-agent": "pcapper",
      accept: "application/json",
      ...credentials.headers,
    };
    if (body !== undefined) {
      headers["content-type"] = contentType ?? "application/json";
      headers["content-length"] = String(Buffer.byteLength(body));
    }
    const options = { agent: agents[pool], ...credentials, method, headers, ...(signal && { signal }) };
    return request(`${configuration.server}${path}`, options).end(body);
  };

  const begin = async (exchange: Exchange): Promise<IncomingMessage> => {
    const credentials = await configuration.credentials();
    exchange.signal?.throwIfAborted();
    const sent = open(exchange, credentials);
    try {
      return await headOf(sent, exchange.limits.head);
    } catch (error) {
      // The same fault often has all of them: the next request shall not wait for each in turn.
      closeIdle(agents[exchange.pool]);
      if (exchange.method === "GET" && wasStale(sent, error)) return begin(exchange);
      throw error;
    }
  };

  const exchange: Transport["exchange"] = async (wish, read) => {
    const { silence, whole } = wish.limits;
    const answer = await begin(wish);
    answer.setTimeout(silence, () => answer.destroy(tooLong("was silent for", silence)));
    const end =
      whole > 0 ? setTimeout(() => answer.destroy(tooLong("took longer than", whole)), whole) : undefined;
    try {
      return await read(answer);
    } finally {
      clearTimeout(end);
      answer.destroy();
    }
  };

  return {
    exchange,
    close: () => {
      agents.requests.destroy();
      agents.watches.destroy();
    },
  };
}

/** The server closed a kept connection just as it was used again. */
function wasStale(sent: http.ClientRequest, error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return sent.reusedSocket && (code === "ECONNRESET" || code === "EPIPE");
}

function closeIdle(agent: http.Agent): void {
  for (const sockets of Object.values(agent.freeSockets))
    for (const socket of sockets ?? []) socket.destroy();
}

function headOf(sent: http.ClientRequest, within: number): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  let timer: NodeJS.Timeout | undefined;
  // Not before it has its connection: those before it in the queue have limits of their own.
  sent.on("socket", () => {
    timer = setTimeout(() => sent.destroy(tooLong("did not answer for", within)), within);
  });
  sent.on("response", resolve);
  // Stays: the connection may also fail later, when the reader hears of it.
  sent.on("error", reject);
  return promise.finally(() => clearTimeout(timer));
}

function tooLong(what: string, milliseconds: number): Error {
  return new Error(`it ${what} ${milliseconds / 1000} s`);
}
