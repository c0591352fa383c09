import type { KubernetesApi, Query } from "./api.ts";
import { type BackoffRange, createBackoff } from "./backoff.ts";
import { createKeptObjects, type KeptObjects } from "./kept-objects.ts";
import { KubernetesError } from "./kubernetes-error.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { parseWatchEvent } from "./watch-event.ts";

export interface ReflectorOptions<T> {
  api: Pick<KubernetesApi, "list" | "watch" | "onReturn">;
  /** Of a collection, for example /api/v1/pods. */
  path: string;
  query?: { fieldSelector?: string; labelSelector?: string };
  /** What is remembered of an object: as little as is needed. */
  keep(object: KubernetesObject): T;
  /** Each object that is new, other, or (undefined) gone or no longer selected; `before` as it was known. Must not throw. */
  onChange(uid: string, value: T | undefined, before: T | undefined): void;
  /** Once, when the first list is complete. */
  onSynced?(): void;
  /** A list or watch failed, and is tried again. */
  onFailure?(error: unknown): void;
  signal: AbortSignal;
  backoff?: BackoffRange;
}

export interface Reflector<T> {
  get(uid: string): T | undefined;
  all(): T[];
  /** The first list is complete. It stays true while the API is away: see `KubernetesApi.lastSeen`. */
  synced(): boolean;
  /** How often the watch was begun again after a failure or a 410; an end that was agreed on does not count. */
  restarts(): number;
  /** When the signal is aborted and nothing runs any more. */
  done: Promise<void>;
}

/** Objects of one list request: memory stays flat with many. */
const PAGE = 500;
/** Seconds after which the server ends a watch; each a little different, so that a thousand agents do not come at once. */
const SHORTEST_WATCH = 240;
const LONGEST_WATCH = 300;
/** Milliseconds: one that ends sooner was not ended by its time. */
const SHORT_WATCH = 10_000;
/** A version that is refused again and again may be one that no server knows any more (a restored etcd). */
const MOST_REFUSALS = 3;

/** A picture of a collection that follows it: list, watch from there, list again where the thread is lost. */
export function startReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { api, signal, onSynced, onFailure } = options;
  const backoff = createBackoff(signal, { onReturn: api.onReturn, range: options.backoff });
  const objects = createKeptObjects(options.keep, options.onChange);
  let synced = false;
  let restarts = 0;

  /** undefined: list first. */
  let version: string | undefined;
  /** In a row. */
  let refusals = 0;

  const step = async (): Promise<void> => {
    if (version === undefined) {
      version = await listAll(options, objects);
      refusals = 0;
      if (!synced) onSynced?.();
      synced = true;
    }
    const begun = performance.now();
    await watchFrom(options, version, objects, (seen) => {
      version = seen;
      refusals = 0;
      backoff.reset();
    });
    // A server that ends each watch at once would have us come back at once.
    if (performance.now() - begun < SHORT_WATCH) await backoff.wait();
    else backoff.reset();
  };

  const follow = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await step();
      } catch (error) {
        if (signal.aborted) return;
        restarts += 1;
        if (isAnswer(error)) refusals += 1;
        if (isLost(error) || refusals >= MOST_REFUSALS) version = undefined;
        onFailure?.(error);
        await backoff.wait(error);
      }
    }
  };

  return {
    get: objects.get,
    all: objects.all,
    synced: () => synced,
    restarts: () => restarts,
    // Only the signal ends it; anything else is a defect, and must not pass in silence.
    done: follow().catch((error: unknown) => {
      if (!signal.aborted) throw error;
    }),
  };
}

/** The server has forgotten what happened since, or never knew (400: the version of another etcd). */
function isLost(error: unknown): boolean {
  return error instanceof KubernetesError && (error.status === 410 || error.status === 400);
}

function isAnswer(error: unknown): boolean {
  return error instanceof KubernetesError && error.status !== 0 && error.status !== 429;
}

/** Page by page, of one moment. @returns the version of that moment */
async function listAll<T>(
  { api, path, query }: ReflectorOptions<T>,
  objects: KeptObjects<T>,
): Promise<string> {
  objects.begin();
  let more: Query = {};
  for (;;) {
    const page = await api.list(path, { ...query, limit: String(PAGE), ...more });
    for (const object of page.items) objects.put(object);
    if (page.continueToken === undefined) {
      objects.removeOthers();
      return page.resourceVersion;
    }
    more = { continue: page.continueToken };
  }
}

async function watchFrom<T>(
  { api, path, query, signal }: ReflectorOptions<T>,
  resourceVersion: string,
  objects: KeptObjects<T>,
  onVersion: (resourceVersion: string) => void,
): Promise<void> {
  const seconds = SHORTEST_WATCH + Math.random() * (LONGEST_WATCH - SHORTEST_WATCH);
  const timeoutSeconds = String(Math.round(seconds));
  const request = { ...query, resourceVersion, allowWatchBookmarks: "true", timeoutSeconds };
  const onLine = (line: string): void => {
    const event = parseWatchEvent(line);
    if (event === undefined) return;
    if (event.type === "there") objects.put(event.object);
    if (event.type === "gone") objects.remove(event.uid);
    onVersion(event.resourceVersion);
  };
  await api.watch(path, request, onLine, signal);
}
