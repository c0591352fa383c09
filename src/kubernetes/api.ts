import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import type { Configuration } from "./configuration.ts";
import { errorOfAnswer, isObjectMissing, isOrdinary, KubernetesError } from "./kubernetes-error.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { createLineReader } from "./line-reader.ts";
import { createReach, type Reach } from "./reach.ts";
import { createServerClock } from "./server-clock.ts";
import {
  createTransport,
  type Exchange,
  REQUEST_LIMITS,
  type TimeLimits,
  WATCH_LIMITS,
} from "./transport.ts";

export { KubernetesError } from "./kubernetes-error.ts";
export type { KubernetesObject } from "./kubernetes-object.ts";

export type Query = Readonly<Record<string, string>>;

export interface ObjectList<T> {
  items: T[];
  resourceVersion: string;
  /** Present where `limit` was asked for and there is more: the `continue` of the next request. */
  continueToken?: string;
}

/** Kubernetes' API in plain JSON, over connections that are kept. All methods throw KubernetesError. */
export interface KubernetesApi extends Pick<Reach, "lastSeen" | "onReturn"> {
  /** undefined where the object is not there; a 404 of a whole API that is missing is an error. */
  get<T>(path: string): Promise<T | undefined>;
  list<T extends KubernetesObject>(path: string, query?: Query): Promise<ObjectList<T>>;
  /** A JSON merge patch (RFC 7386). @returns the object as it is now */
  patchMerge<T>(path: string, body: unknown): Promise<T>;
  create<T>(path: string, body: unknown): Promise<T>;
  /** The API server's time in ms since 1970, within about a second; this machine's before the first answer. */
  now(): number;
  /** Resolves when the server ends the watch; rejects with the signal's reason when it is aborted. */
  watch(path: string, query: Query, onLine: (line: string) => void, signal: AbortSignal): Promise<void>;
  /** Closes all connections. */
  close(): void;
}

export interface ApiOptions {
  /** Told about each request that failed, ordinary refusals aside. */
  onError?(failure: KubernetesError): void;
  requestLimits?: TimeLimits;
  watchLimits?: TimeLimits;
}

const MERGE_PATCH = "application/merge-patch+json";

/** Answers of an API that works, whatever it thinks of the request. */
const ANSWERED = [404, 409, 410, 422];

export function createKubernetesApi(configuration: Configuration, options: ApiOptions = {}): KubernetesApi {
  const { requestLimits = REQUEST_LIMITS, watchLimits = WATCH_LIMITS } = options;
  const transport = createTransport(configuration);
  const clock = createServerClock();
  const reach = createReach();

  /** Notes what an answer's head tells. @throws KubernetesError where it is not 2xx */
  const accept = async (what: string, sent: number, answer: IncomingMessage): Promise<void> => {
    const status = answer.statusCode ?? 0;
    const received = performance.now();
    const date = Date.parse(answer.headers.date ?? "");
    if (!Number.isNaN(date)) clock.observe(date, sent, received);
    const fine = status >= 200 && status < 300;
    if (fine || ANSWERED.includes(status)) reach.seen();
    if (fine) return;
    const body = await text(answer);
    throw errorOfAnswer(what, status, jsonOr(body, body), answer.headers["retry-after"]);
  };

  const call = async <T>(exchange: Exchange, read: (answer: IncomingMessage) => Promise<T>): Promise<T> => {
    const what = `${exchange.method} ${exchange.path.split("?", 1)[0]}`;
    // Too early rather than too late: that loosens the bounds of the server's time, but keeps them true.
    const sent = performance.now();
    try {
      return await transport.exchange(exchange, async (answer) => {
        await accept(what, sent, answer);
        return read(answer);
      });
    } catch (error) {
      exchange.signal?.throwIfAborted();
      const failure =
        error instanceof KubernetesError ? error : notReached(configuration.server, what, error);
      if (failure.status === 0) reach.missed();
      if (!isOrdinary(failure)) options.onError?.(failure);
      throw failure;
    }
  };

  const request = <T>(method: Exchange["method"], path: string, body?: unknown, contentType?: string) =>
    call<T>(
      {
        method,
        path,
        limits: requestLimits,
        pool: "requests",
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(contentType !== undefined && { contentType }),
      },
      async (answer) => JSON.parse(await text(answer)),
    );

  return {
    get: async <T>(path: string) => {
      try {
        return await request<T>("GET", path);
      } catch (error) {
        if (isObjectMissing(error)) return undefined;
        throw error;
      }
    },
    list: async <T>(path: string, query: Query = {}) =>
      listOf<T>(path, await request("GET", withQuery(path, query))),
    patchMerge: (path, body) => request("PATCH", path, body, MERGE_PATCH),
    create: (path, body) => request("POST", path, body),
    now: () => clock.at(performance.now()) ?? Date.now(),
    lastSeen: reach.lastSeen,
    onReturn: reach.onReturn,
    watch: (path, query, onLine, signal) =>
      call(
        {
          method: "GET",
          path: withQuery(path, { ...query, watch: "true" }),
          limits: watchLimits,
          pool: "watches",
          signal,
        },
        async (answer) => {
          const take = createLineReader(onLine);
          for await (const chunk of answer) {
            reach.seen();
            take(chunk);
          }
        },
      ),
    close: transport.close,
  };
}

function withQuery(path: string, query: Query): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}

function jsonOr(body: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return otherwise;
  }
}

function notReached(server: string, what: string, error: unknown): KubernetesError {
  const text =
    error instanceof Error ? error.message || String("code" in error && error.code) : String(error);
  return new KubernetesError(`${what}: no usable answer from ${server}: ${text}`, {
    status: 0,
    cause: error,
  });
}

interface ListBody<T> {
  metadata?: { resourceVersion?: unknown; continue?: unknown };
  items?: T[] | null;
}

/** An empty answer of something that is no API server must not read as "there are none". */
function listOf<T>(path: string, { metadata, items }: ListBody<T>): ObjectList<T> {
  const version = metadata?.resourceVersion;
  if (!Array.isArray(items) || typeof version !== "string" || version === "") {
    throw new KubernetesError(`GET ${path}: the answer is no list of objects`, { status: 0 });
  }
  const next = metadata?.continue;
  const more = typeof next === "string" && next !== "" ? { continueToken: next } : {};
  return { items, resourceVersion: version, ...more };
}
