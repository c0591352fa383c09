import { aborted } from "../aborted.ts";
import { type AgentSettings, readAgentSettings } from "../agent/agent-settings.ts";
import type { NodePaths } from "../agent/cluster/cluster-session.ts";
import { takeNodeLock } from "../agent/cluster/node-lock.ts";
import { type RunningAgent, startAgent } from "../agent/cluster/start-agent.ts";
import { loadNative, type Native } from "../capture/native.ts";
import { type AgentFigures, createApiErrorCounts, createCaptureTotals } from "../http/figures.ts";
import { createMetrics } from "../http/metrics.ts";
import { startHttpServer } from "../http/server.ts";
import { createKubernetesApi, type KubernetesError } from "../kubernetes/api.ts";
import { loadConfiguration } from "../kubernetes/configuration.ts";
import { createTroubleLog } from "../kubernetes/trouble-log.ts";
import { createLog } from "../log.ts";
import { careForMemory, ownMemory } from "../memory-care.ts";
import { diskUsage } from "../store/files/disk-usage.ts";

const NOT_BEGUN = "The agent has not begun its work yet; its log says why.";

/** `pcapper agent`: the captures of one node of a cluster, until SIGTERM. @returns the exit code */
export async function agent(paths: NodePaths): Promise<number> {
  const settings = readAgentSettings(process.env);
  const native = loadNative();
  const log = createLog(settings.logLevel);
  await log.open();
  const memory = ownMemory();
  const endCare = memory === undefined ? () => undefined : careForMemory(memory);
  const stop = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => stop.abort(signal));

  const totals = createCaptureTotals();
  const errors = createApiErrorCounts();
  let running: RunningAgent | undefined;
  const figures = async (): Promise<AgentFigures> => ({
    captures: totals.figures(),
    ringMemory: { used: totals.figures().running * settings.captureBuffer, limit: settings.captureMemory },
    apiErrors: errors.figures(),
    watchRestarts: running?.watchRestarts() ?? 0,
    ...(await disk(native, settings, paths)),
  });
  const http = startHttpServer({
    address: settings.httpAddress,
    metrics: createMetrics(figures),
    ready: () => (running === undefined ? NOT_BEGUN : running.notReady()),
    log,
  });

  try {
    const waiting = () =>
      log.warn({}, "Another agent of this node holds the lock on the hostmount: waiting.");
    const lock = await takeNodeLock(native, paths.hostmount, waiting, stop.signal);
    const trouble = createTroubleLog((sentence) => log.warn({}, sentence));
    const onError = (failure: KubernetesError): void => {
      errors.count(failure.status);
      trouble(failure);
    };
    const api = createKubernetesApi(await loadConfiguration(), { onError });
    running = await startAgent({ native, settings, paths, api, log, totals, signal: stop.signal });
    log.info({}, `Working for node ${settings.node} on captures in namespace ${settings.watchNamespace}.`);
    await aborted(stop.signal);
    log.info({}, "Closing: files are made whole; captures that run go on with the next agent of this node.");
    await running.close();
    api.close();
    lock.release();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  endCare();
  await http.close();
  return 0;
}

async function disk(
  native: Native,
  { maxTotalFileSize }: AgentSettings,
  { hostmount }: NodePaths,
): Promise<Pick<AgentFigures, "disk">> {
  try {
    const { free } = native.fileSystemRoom(hostmount);
    return { disk: { used: await diskUsage(hostmount), free, limit: maxTotalFileSize } };
  } catch {
    return {};
  }
}
