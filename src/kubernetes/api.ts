import type { IncomingMessage } from "node:http";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Transport } from "./transport.ts";

export interface KubernetesObject {
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    resourceVersion?: string;
    creationTimestamp?: string;
    deletionTimestamp?: string;
  };
}

/** What the API server answered instead of what was asked for; status 0 = it was not reached. */
export class KubernetesError extends Error {
  override name = "KubernetesError";
  readonly status: number;
  /** The server's word: NotFound, Conflict, Invalid, Expired, … */
  readonly reason: string;
  /** Milliseconds after which the server wants to be asked again; 0 = it did not say. */
  readonly retryAfter: number;

  constructor(
    status: number,
    reason: string,
    message: string,
    options?: ErrorOptions & { retryAfter?: number },
  ) {
    super(message, options);
    this.status = status;
    this.reason = reason;
    this.retryAfter = options?.retryAfter ?? 0;
  }
}

export interface KubernetesApi {
  /** undefined = 404. @throws KubernetesError */
  get<T>(path: string): Promise<T | undefined>;
  list<T extends KubernetesObject>(
    path: string,
    query: Record<string, string>,
  ): Promise<{ items: T[]; resourceVersion: string }>;
  /** JSON merge patch. @throws KubernetesError */
  patchMerge<T>(path: string, body: unknown): Promise<T>;
  create<T>(path: string, body: unknown): Promise<T>;
  /** Calls `onLine` for each line until the server closes the stream. @throws KubernetesError */
  watch(
    path: string,
    query: Record<string, string>,
    onLine: (line: unknown) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Milliseconds since 1970 by the API server's clock; this machine's until it was first heard. */
  now(): number;
  /** Monotonic milliseconds of the last answer; undefined = none yet. */
  lastSeen(): number | undefined;
}

/** Milliseconds. A watch is silent for minutes; its bookmarks come about once a minute. */
const ANSWER_SILENCE = 30_000;
const WATCH_SILENCE = 330_000;

/** `onError` is told each failure's status, for the metrics. */
export function createKubernetesApi(
  transport: Transport,
  onError: (status: number) => void = () => undefined,
): KubernetesApi {
  let clock: { server: number; monotonic: number } | undefined;
  let seen: number | undefined;

  const heard = (response: IncomingMessage): void => {
    seen = performance.now();
    const date = Date.parse(response.headers.date ?? "");
    // The header has whole seconds: it was true half a second ago on average.
    if (!Number.isNaN(date)) clock = { server: date + 500, monotonic: seen };
  };

  const open = async (request: Parameters<Transport>[0]): Promise<IncomingMessage> => {
    try {
      const response = await transport(request);
      heard(response);
      if ((response.statusCode ?? 0) < 300) return response;
      throw await refusal(response);
    } catch (error) {
      const known = error instanceof KubernetesError ? error : notReached(error);
      if (request.signal?.aborted !== true) onError(known.status);
      throw known;
    }
  };

  const ask = async <T>(method: "GET" | "POST" | "PATCH", path: string, body?: unknown): Promise<T> => {
    const contentType = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const response = await open({
      method,
      path,
      silence: ANSWER_SILENCE,
      ...(body === undefined ? {} : { body: JSON.stringify(body), contentType }),
    });
    try {
      return JSON.parse(await text(response)) as T;
    } catch (error) {
      throw notReached(error);
    }
  };

  return {
    get: async (path) => {
      try {
        return await ask("GET", path);
      } catch (error) {
        if (error instanceof KubernetesError && error.status === 404) return undefined;
        throw error;
      }
    },
    list: async (path, query) => {
      const { items, metadata } = await ask<{ items: never[]; metadata: { resourceVersion: string } }>(
        "GET",
        withQuery(path, query),
      );
      if (!Array.isArray(items)) throw new KubernetesError(0, "NoList", `${path} answered without a list`);
      return { items, resourceVersion: metadata.resourceVersion };
    },
    patchMerge: (path, body) => ask("PATCH", path, body),
    create: (path, body) => ask("POST", path, body),
    watch: async (path, query, onLine, signal) => {
      const all = { ...query, watch: "true", allowWatchBookmarks: "true", timeoutSeconds: "270" };
      const response = await open({
        method: "GET",
        path: withQuery(path, all),
        signal,
        silence: WATCH_SILENCE,
      });
      await eachLine(response, onLine, signal);
    },
    now: () => (clock === undefined ? Date.now() : clock.server + performance.now() - clock.monotonic),
    lastSeen: () => seen,
  };
}

function withQuery(path: string, query: Record<string, string>): string {
  const text = new URLSearchParams(query).toString();
  return text === "" ? path : `${path}?${text}`;
}

async function eachLine(
  response: IncomingMessage,
  onLine: (line: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  const lines = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
  let failure: Error | undefined;
  // A connection that is cut ends readline's lines without a word.
  response.on("error", (error) => {
    failure = error;
    lines.close();
  });
  for await (const line of lines) {
    if (signal.aborted) break;
    if (line === "") continue;
    onLine(parsed(line));
  }
  response.destroy();
  if (failure !== undefined && !signal.aborted) throw notReached(failure);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    // Cut in the middle: what it said comes again after the next list.
    throw notReached(error);
  }
}

async function refusal(response: IncomingMessage): Promise<KubernetesError> {
  const status = response.statusCode ?? 0;
  const body = await text(response).catch(() => "");
  const retryAfter = (Number(response.headers["retry-after"]) || 0) * 1000;
  try {
    const { reason = "", message = body } = JSON.parse(body) as { reason?: string; message?: string };
    return new KubernetesError(status, reason, message, { retryAfter });
  } catch {
    return new KubernetesError(status, "", body.slice(0, 500) || `HTTP ${status}`, { retryAfter });
  }
}

function notReached(error: unknown): KubernetesError {
  const message = error instanceof Error ? error.message : String(error);
  return new KubernetesError(0, "NotReached", message, { cause: error });
}
