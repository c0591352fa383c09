import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { Configuration, Credentials } from "./configuration.ts";

/** Milliseconds each part of an exchange may take. */
export interface TimeLimits {
  /** Until the head of the answer is there; with all of connecting. */
  head: number;
  /** Between two pieces of the answer. */
  silence: number;
  /** For everything; 0 = as long as it likes. */
  whole: number;
}

/** kube-apiserver gives a request a quarter of a minute in its queue, and a minute in all. */
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

  const attempt = async <T>(
    exchange: Exchange,
    read: (answer: IncomingMessage) => Promise<T>,
  ): Promise<T> => {
    const { limits } = exchange;
    const credentials = await configuration.credentials();
    exchange.signal?.throwIfAborted();
    const sent = open(exchange, credentials);
    const whole = limits.whole > 0 ? endAfter(sent, limits.whole, "took longer than") : undefined;
    try {
      const answer = await headOf(sent, limits.head);
      answer.setTimeout(limits.silence, () => answer.destroy(tooLong("was silent for", limits.silence)));
      return await read(answer).finally(() => answer.destroy());
    } catch (error) {
      // The same fault often has all of them: the next request shall not wait for each in turn.
      closeIdle(agents[exchange.pool]);
      if (exchange.method === "GET" && wasStale(sent, error)) return attempt(exchange, read);
      throw error;
    } finally {
      clearTimeout(whole);
    }
  };

  return {
    exchange: attempt,
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
  const timer = endAfter(sent, within, "did not answer for");
  sent.on("response", resolve);
  // Stays: the connection may also fail later, when the reader hears of it.
  sent.on("error", reject);
  return promise.finally(() => clearTimeout(timer));
}

/** Also ends an answer that has begun. */
function endAfter(sent: http.ClientRequest, milliseconds: number, what: string): NodeJS.Timeout {
  let begun: IncomingMessage | undefined;
  sent.on("response", (answer) => {
    begun = answer;
  });
  return setTimeout(() => (begun ?? sent).destroy(tooLong(what, milliseconds)), milliseconds);
}

function tooLong(what: string, milliseconds: number): Error {
  return new Error(`it ${what} ${milliseconds / 1000} s`);
}
