import { expect, test } from "vitest";
import { readAgentSettings } from "../../../../src/agent/agent-settings.ts";
import { startAgent } from "../../../../src/agent/cluster/start-agent.ts";
import { createCaptureTotals } from "../../../../src/http/figures.ts";
import type { KubernetesApi } from "../../../../src/kubernetes/api.ts";
import { createLog } from "../../../../src/log.ts";
import { makeTemporaryFolder } from "../../../helpers/temporary-folder.ts";
import { createFakeNative } from "../fake-native.ts";

const never = () => new Promise<never>(() => undefined);

test("an agent that is told to end during its first question ends, whatever the API server does then", async () => {
  const stop = new AbortController();
  const hostmount = makeTemporaryFolder();
  const api: KubernetesApi = {
    get: async <T>() => {
      stop.abort(new Error("SIGTERM"));
      return { metadata: { name: "one", uid: "u1" } } as T;
    },
    list: never,
    watch: never,
    patchMerge: never,
    create: never,
    now: Date.now,
    lastSeen: () => 0,
    onReturn: () => () => undefined,
    close: () => undefined,
  };
  const starting = startAgent({
    native: createFakeNative(),
    settings: readAgentSettings({ NODE_NAME: "n" }),
    paths: { hostmount: hostmount.path, hostPath: "", netnsFolder: "", cniCacheFolder: "" },
    api,
    log: createLog("silent"),
    totals: createCaptureTotals(),
    signal: stop.signal,
  });
  await expect(starting).rejects.toThrow("SIGTERM");
  hostmount.remove();
});
