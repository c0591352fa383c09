import { type KubernetesApi, KubernetesError, type KubernetesObject } from "./api.ts";
import { createBackoff } from "./backoff.ts";

/** A copy of a list on the API server that stays true. Keyed by uid: a name may come again. */
export interface Reflector<T> {
  get(uid: string): T | undefined;
  all(): T[];
  /** Whether a list has arrived yet. */
  synced(): boolean;
  /** How often list and watch had to start anew after a failure. */
  restarts(): number;
}

export interface ReflectorOptions<T> {
  api: KubernetesApi;
  path: string;
  /** Selectors. */
  query: Record<string, string>;
  /** What is kept in memory of an object. */
  keep(object: KubernetesObject): T;
  /** `undefined`: gone from the list, which is not always a deletion. */
  onChange(uid: string, kept: T | undefined, before: T | undefined): void;
  onSynced(): void;
  signal: AbortSignal;
}

interface WatchLine {
  type: "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK" | "ERROR";
  object: KubernetesObject & { code?: number; reason?: string; message?: string };
}

/** Lists, watches from there, and begins again whenever that breaks, until the signal is aborted. */
export function startReflector<T>(options: ReflectorOptions<T>): Reflector<T> {
  const { api, path, query, keep, onChange, onSynced, signal } = options;
  const known = new Map<string, { kept: T; version: string }>();
  let isSynced = false;
  let restarts = 0;
  let version: string | undefined;

  const put = (object: KubernetesObject): void => {
    const { uid = "", resourceVersion = "" } = object.metadata;
    const before = known.get(uid);
    if (before?.version === resourceVersion) return;
    const kept = keep(object);
    known.set(uid, { kept, version: resourceVersion });
    onChange(uid, kept, before?.kept);
  };

  const remove = (uid: string): void => {
    const before = known.get(uid);
    if (before === undefined) return;
    known.delete(uid);
    onChange(uid, undefined, before.kept);
  };

  const list = async (): Promise<void> => {
    const { items, resourceVersion } = await api.list(path, query);
    version = resourceVersion;
    const present = new Set(items.map(({ metadata }) => metadata.uid ?? ""));
    for (const uid of [...known.keys()]) if (!present.has(uid)) remove(uid);
    for (const item of items) put(item);
    if (!isSynced) onSynced();
    isSynced = true;
  };

  const take = (line: unknown): void => {
    const { type, object } = line as WatchLine;
    if (type === "ERROR") {
      throw new KubernetesError(object.code ?? 0, object.reason ?? "", object.message ?? "the watch failed");
    }
    version = object.metadata.resourceVersion ?? version;
    if (type === "DELETED") remove(object.metadata.uid ?? "");
    else if (type !== "BOOKMARK") put(object);
  };

  const run = async (): Promise<void> => {
    const backoff = createBackoff(signal);
    while (!signal.aborted) {
      try {
        if (version === undefined) await list();
        await api.watch(path, { ...query, resourceVersion: version ?? "" }, take, signal);
        backoff.reset();
      } catch (error) {
        if (signal.aborted) return;
        restarts += 1;
        const { status, retryAfter } =
          error instanceof KubernetesError ? error : { status: 0, retryAfter: 0 };
        // Too old a version: only a new list tells what happened meanwhile.
        if (status === 410) version = undefined;
        await backoff.wait(retryAfter);
      }
    }
  };
  void run();

  return {
    get: (uid) => known.get(uid)?.kept,
    all: () => [...known.values()].map(({ kept }) => kept),
    synced: () => isSynced,
    restarts: () => restarts,
  };
}
