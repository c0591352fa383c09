import { KubeConfig } from "@kubernetes/client-node";
import { isFinal } from "../../src/agent/progress.ts";
import type { PacketCapture } from "../../src/api/resource.ts";
import { createKubernetesApi } from "../../src/kubernetes/api.ts";
import { configurationOf } from "../../src/kubernetes/kubeconfig.ts";
import { capturesPath } from "../../src/kubernetes/paths.ts";
import { startReflector } from "../../src/kubernetes/reflector.ts";
import { waitUntil } from "../../test/helpers/wait-until.ts";

/** All captures as a watcher hears of them: nothing is asked while something is measured. */
export interface FollowedCaptures {
  /** Resolves as soon as the watch tells it. @returns the capture, and when: ms of `performance.now()` */
  until(
    name: string,
    isSo: (capture: PacketCapture) => boolean,
    seconds?: number,
  ): Promise<{ capture: PacketCapture; at: number }>;
  /** Captures that have ended, of those there are. */
  ended(): PacketCapture[];
  /** How many there are. */
  count(): number;
  /** Events heard so far. */
  heard(): number;
  /** How often the status of a capture was heard to change. */
  updates(): number;
  close(): void;
}

interface Waiter {
  isSo(capture: PacketCapture): boolean;
  resolve(found: { capture: PacketCapture; at: number }): void;
}

/** Resolves when the list is there. */
export async function followCaptures(kubeconfig: string): Promise<FollowedCaptures> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const api = createKubernetesApi(configurationOf(config));
  const stop = new AbortController();
  const byName = new Map<string, PacketCapture>();
  const waiters = new Map<string, Waiter>();
  let heard = 0;
  let updates = 0;
  const reflector = startReflector({
    api,
    path: capturesPath("pcapper"),
    keep: (object) => object as PacketCapture,
    onChange: (_uid, capture, before) => {
      heard += 1;
      if (capture !== undefined && before !== undefined) updates += 1;
      if (capture === undefined) byName.delete(before?.metadata.name ?? "");
      else take(capture);
    },
    signal: stop.signal,
  });
  const take = (capture: PacketCapture): void => {
    const { name } = capture.metadata;
    byName.set(name, capture);
    const waiter = waiters.get(name);
    if (waiter?.isSo(capture) === true) waiter.resolve({ capture, at: performance.now() });
  };
  await waitUntil("captures are followed", reflector.synced);
  return {
    until: async (name, isSo, seconds = 30) => {
      const known = byName.get(name);
      if (known !== undefined && isSo(known)) return { capture: known, at: performance.now() };
      const found = Promise.withResolvers<{ capture: PacketCapture; at: number }>();
      const give = (): void =>
        found.reject(new Error(`${name} is after ${seconds} s: ${JSON.stringify(byName.get(name)?.status)}`));
      const timer = setTimeout(give, seconds * 1000);
      waiters.set(name, { isSo, resolve: found.resolve });
      return found.promise.finally(() => {
        clearTimeout(timer);
        waiters.delete(name);
      });
    },
    ended: () => [...byName.values()].filter(({ status }) => isFinal(status?.progress)),
    count: () => byName.size,
    heard: () => heard,
    updates: () => updates,
    close: () => {
      stop.abort();
      api.close();
    },
  };
}
