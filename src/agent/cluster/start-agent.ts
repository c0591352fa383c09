import { uptime } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import { API_VERSION, KIND, type PacketCapture } from "../../api/resource.ts";
import type { Native } from "../../capture/native.ts";
import type { createCaptureTotals } from "../../http/figures.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { createBackoff } from "../../kubernetes/backoff.ts";
import { isGone } from "../../kubernetes/deletion.ts";
import { createEventRecorder } from "../../kubernetes/events.ts";
import { isApiMissing } from "../../kubernetes/kubernetes-error.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";
import { capturesPath } from "../../kubernetes/paths.ts";
import { type Reflector, startReflector } from "../../kubernetes/reflector.ts";
import type { Log } from "../../log.ts";
import type { CaptureEvent } from "../../store/capture-store.ts";
import { createKubernetesStore } from "../../store/kubernetes/kubernetes-store.ts";
import type { ResolvedTarget, TargetPod } from "../../target/target.ts";
import type { AgentSettings } from "../agent-settings.ts";
import { createAnswers } from "../answers/answers.ts";
import { createFreezeWatch } from "../answers/freeze-watch.ts";
import { isFinal } from "../progress.ts";
import { createRetention } from "../retention/retention.ts";
import type { StopRequest } from "../session.ts";
import { clearLocks } from "./clear-locks.ts";
import type { NodePaths } from "./cluster-session.ts";
import { createController } from "./controller.ts";
import { keptCapture, keptPod } from "./kept-fields.ts";
import { createResumeFirst } from "./resume-first.ts";
import { settleRemains } from "./settle-remains.ts";

export interface AgentParts {
  native: Native;
  settings: AgentSettings;
  paths: NodePaths;
  api: KubernetesApi;
  log: Log;
  totals: ReturnType<typeof createCaptureTotals>;
  /** Aborted when the process is told to end. */
  signal: AbortSignal;
}

export interface RunningAgent {
  /** A sentence why it cannot work yet; undefined = it works. */
  notReady(): string | undefined;
  watchRestarts(): number;
  /** Files whole, captures left to the next agent of this node. */
  close(): Promise<void>;
}

/** Milliseconds between two looks for files that are too old, or whose capture is deleted. */
const SWEEP_EVERY = 600_000;
/** Milliseconds; Kubernetes gives a pod 30 s. */
const LONGEST_CLOSE = 10_000;
/** Milliseconds that Events may take at the end. */
const LAST_WORDS = 2000;

const SUSPENDED: StopRequest = { reason: "Suspended", message: "" };

/** Everything of an agent that holds its node's lock: copies of the API server's lists, and who works on them. */
export async function startAgent(parts: AgentParts): Promise<RunningAgent> {
  const { native, settings, paths, api, log, totals, signal } = parts;
  const { node, watchNamespace } = settings;
  const ending = new AbortController();
  const say = (line: string) => log.warn({}, line);
  clearLocks(native, paths.hostmount, node, say);
  const cluster = await clusterFacts(api, node, signal);
  const events = createEventRecorder(api, node, ending.signal, {
    onLost: ({ name }, { reason }, why) => log.warn({ name, reason }, `An Event could not be told: ${why}`),
  });
  const store = createKubernetesStore(
    api,
    events,
    (capture, event) => tell(log, capture, event),
    ending.signal,
  );

  const freezes = createFreezeWatch(
    () => performance.now(),
    () => uptime() * 1000,
  );
  const answers = createAnswers({
    api,
    store,
    settings,
    now: api.now,
    monotonic: () => performance.now(),
    lastFreeze: freezes.last,
    random: Math.random,
    log,
  });
  /** This node's own and those without an owner, once they are followed. */
  const captureLists: Reflector<PacketCapture>[] = [];
  const known = (uid: string) =>
    captureLists.map((list) => list.get(uid)).find((capture) => capture !== undefined);
  const retention = createRetention({
    native,
    api,
    store,
    known,
    hostmount: paths.hostmount,
    node,
    cluster: cluster.cluster,
    deleteOlderThan: settings.deleteOlderThan,
    isAtWork: (uid) => controller.isAtWork(uid),
    now: api.now,
    log,
  });
  const podOf = (namespace: string, name: string) =>
    pods.all().find(({ metadata }) => metadata.name === name && metadata.namespace === namespace);
  const resumeFirst = createResumeFirst();
  const controller = createController({
    shared: {
      native,
      resumeFirst,
      store,
      settings,
      paths,
      ...cluster,
      podOf,
      say,
      now: api.now,
      onReport: ({ metadata }, report) => totals.report(metadata.uid ?? "", report),
      onLastWord: ({ metadata, status }) => totals.ended(metadata.uid ?? "", status?.reason ?? ""),
      onResumed: ({ metadata }, earlier) => totals.resumed(metadata.uid ?? "", earlier.statistics),
    },
    known,
    unowned: () =>
      captureLists.flatMap((list) => list.all()).filter(({ status }) => status?.node === undefined),
    isGone: ({ metadata: { namespace = "", name, uid = "" } }) => isGone(api, { namespace, name, uid }),
    onRunning: (capture, target) => recordOnPod(events, capture, target),
    onEnded: (uid, capture) => {
      if (capture === undefined) retention.deleted(uid);
    },
    onError: (capture, error) => log.error(fieldsOf(capture), error.message),
  });

  const settle = () =>
    settleRemains({
      native,
      store,
      ...paths,
      cluster: cluster.cluster,
      own: known,
      isAtWork: controller.isAtWork,
      say,
      now: api.now,
    });

  const lists = { api, signal: ending.signal, onFailure: () => answers.lostSight() };
  const captures = {
    ...lists,
    path: capturesPath(watchNamespace),
    keep: keptCapture,
    onFailure: (error: unknown) => {
      answers.lostSight();
      if (isApiMissing(error)) controller.apiMissing();
    },
  };
  // First the pods: a capture that goes on must not find its pod missing because nobody has looked yet.
  const podsSynced = Promise.withResolvers<void>();
  const pods: Reflector<TargetPod> = startReflector({
    ...lists,
    path: "/api/v1/pods",
    query: { fieldSelector: `spec.nodeName=${node}` },
    keep: keptPod,
    onChange: (_uid, pod, before) => {
      const known = pod ?? before;
      if (known !== undefined) controller.podChanged(known, pod === undefined);
    },
    onSynced: podsSynced.resolve,
  });
  // It may have come during the last request.
  signal.throwIfAborted();
  signal.addEventListener("abort", () => podsSynced.reject(signal.reason), { once: true });
  await podsSynced.promise;
  const unowned: Reflector<PacketCapture> = startReflector({
    ...captures,
    query: { fieldSelector: "status.node=" },
    onChange: (uid, capture, before) => {
      controller.captureChanged(uid, capture, before);
      answers.observe(uid, capture);
    },
  });
  captureLists.push(unowned);
  const own: Reflector<PacketCapture> = startReflector({
    ...captures,
    query: { fieldSelector: `status.node=${node}` },
    onChange: (uid, capture, before) => {
      controller.captureChanged(uid, capture, before);
      if (capture === undefined) retention.deleted(uid);
    },
    // Only what is known to be there can be told from what is not.
    onSynced: () => {
      resumeFirst.expect(openUids(own.all()));
      void settle().then(retention.sweep);
    },
  });
  captureLists.unshift(own);
  const sweeps = setInterval(() => void retention.sweep(), SWEEP_EVERY);
  return {
    notReady: () => notReady({ unowned, own, pods }),
    watchRestarts: () => unowned.restarts() + own.restarts() + pods.restarts(),
    close: async () => {
      clearInterval(sweeps);
      answers.close();
      freezes.close();
      retention.close();
      // With the API away a status may wait for ever; the next agent of this node writes it then.
      const patience = setTimeout(() => ending.abort(), LONGEST_CLOSE);
      await controller.close(SUSPENDED);
      clearTimeout(patience);
      await Promise.race([events.drained(), pause(LAST_WORDS)]);
      ending.abort();
    },
  };
}

/** Captures that have not ended. */
function openUids(captures: readonly PacketCapture[]): string[] {
  return captures
    .filter(({ status }) => !isFinal(status?.progress))
    .map(({ metadata }) => metadata.uid ?? "");
}

function notReady(lists: Record<string, Reflector<unknown>>): string | undefined {
  const waiting = Object.entries(lists).flatMap(([name, list]) => (list.synced() ? [] : [name]));
  return waiting.length === 0 ? undefined : `The API server has not answered yet for: ${waiting.join(", ")}.`;
}

/** Asked until there is an answer: without it no file may be written. */
async function clusterFacts(
  api: KubernetesApi,
  node: string,
  signal: AbortSignal,
): Promise<{ cluster: string; nodeIPs: string[] }> {
  const backoff = createBackoff(signal, { onReturn: api.onReturn });
  for (;;) {
    signal.throwIfAborted();
    try {
      // The namespace that every cluster has for its whole life.
      const home = await api.get<KubernetesObject>("/api/v1/namespaces/kube-system");
      const self = await api.get<{ status?: { addresses?: { type: string; address: string }[] } }>(
        `/api/v1/nodes/${node}`,
      );
      const addresses = self?.status?.addresses ?? [];
      const nodeIPs = addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
      if (home?.metadata.uid !== undefined) return { cluster: home.metadata.uid, nodeIPs };
      await backoff.wait();
    } catch (error) {
      // Away, or not allowed yet: /readyz says so.
      await backoff.wait(error);
    }
  }
}

/** An audit trail where the owner of the pod looks: that somebody records its traffic, and by which capture. */
function recordOnPod(
  events: ReturnType<typeof createEventRecorder>,
  { metadata, spec }: PacketCapture,
  { podUID, interfaceName }: ResolvedTarget,
): void {
  if (podUID === undefined) return;
  const { targetNamespace: namespace = "", targetPod: name = "" } = spec;
  events.record(
    { apiVersion: "v1", kind: "Pod", namespace, name, uid: podUID },
    {
      type: "Normal",
      reason: "TrafficRecorded",
      message: `The traffic of this pod on ${interfaceName} is being recorded by ${KIND} ${metadata.namespace}/${metadata.name} (${API_VERSION}, uid ${metadata.uid}).`,
    },
  );
}

function tell(log: Log, capture: PacketCapture, { type, reason, message }: CaptureEvent): void {
  const say = type === "Warning" ? log.warn : log.info;
  say({ ...fieldsOf(capture), reason }, message);
}

function fieldsOf(capture: PacketCapture | undefined) {
  if (capture === undefined) return {};
  const { namespace = "", name, uid = "" } = capture.metadata;
  return { namespace, name, uid };
}
