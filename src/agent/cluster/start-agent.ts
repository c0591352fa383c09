import { uptime } from "node:os";
import { setTimeout as pause } from "node:timers/promises";
import type { PacketCapture } from "../../api/resource.ts";
import type { Native } from "../../capture/native.ts";
import type { createCaptureTotals } from "../../http/figures.ts";
import type { KubernetesApi } from "../../kubernetes/api.ts";
import { isGone } from "../../kubernetes/deletion.ts";
import { createEventRecorder } from "../../kubernetes/events.ts";
import { isApiMissing } from "../../kubernetes/kubernetes-error.ts";
import type { Log } from "../../log.ts";
import type { CaptureEvent, CaptureStore } from "../../store/capture-store.ts";
import { createKubernetesStore } from "../../store/kubernetes/kubernetes-store.ts";
import type { AgentSettings } from "../agent-settings.ts";
import { type Answers, createAnswers } from "../answers/answers.ts";
import { createFreezeWatch } from "../answers/freeze-watch.ts";
import { isFinal } from "../progress.ts";
import { createRetention } from "../retention/retention.ts";
import { sweepInterval } from "../retention/sweep-interval.ts";
import type { StopRequest } from "../session.ts";
import { clearLocks } from "./clear-locks.ts";
import { clusterFacts } from "./cluster-facts.ts";
import type { NodePaths } from "./cluster-session.ts";
import { createController } from "./controller.ts";
import { createFollowedObjects } from "./followed-objects.ts";
import { recordOnPod } from "./record-on-pod.ts";
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

/** Milliseconds; Kubernetes gives a pod 30 s. */
const LONGEST_CLOSE = 10_000;
/** Milliseconds that Events may take at the end. */
const LAST_WORDS = 2000;

const SUSPENDED: StopRequest = { reason: "Suspended", message: "" };

/** Everything of an agent that holds its node's lock: copies of the API server's lists, and who works on them. */
export async function startAgent(parts: AgentParts): Promise<RunningAgent> {
  const { native, settings, paths, api, log, totals, signal } = parts;
  const { node, watchNamespace, deleteOlderThan } = settings;
  const { now } = api;
  const ending = new AbortController();
  const say = (line: string) => log.warn({}, line);
  clearLocks(native, paths.hostmount, node, say);
  const cluster = await clusterFacts(api, node, signal, say);
  const events = createEventRecorder(api, node, ending.signal, {
    onLost: ({ name }, { reason }, why) => log.warn({ name, reason }, `An Event could not be told: ${why}`),
  });
  const onEvent = (capture: PacketCapture, event: CaptureEvent) => tell(log, capture, event);
  const store = createKubernetesStore(api, events, onEvent, ending.signal);
  const answers = answersOf(parts, store);
  const followed = createFollowedObjects({
    api,
    node,
    watchNamespace,
    signal: ending.signal,
    onFailure: answers.lostSight,
  });
  const known = followed.capture;
  const isAtWork = (uid: string) => controller.isAtWork(uid);
  const onDisk = { native, store, hostmount: paths.hostmount, cluster: cluster.cluster, isAtWork, now };
  const retention = createRetention({ ...onDisk, api, known, node, deleteOlderThan, log });
  const resumeFirst = createResumeFirst();
  const controller = createController({
    shared: {
      native,
      resumeFirst,
      store,
      settings,
      paths,
      ...cluster,
      podOf: followed.pod,
      say,
      now,
      onReport: ({ metadata }, report, latest) => totals.report(metadata.uid ?? "", report, latest),
      onLastWord: ({ metadata, status }) => totals.ended(metadata.uid ?? "", status?.reason ?? ""),
      onResumed: ({ metadata }, earlier) => totals.resumed(metadata.uid ?? "", earlier.statistics),
    },
    known,
    unowned: followed.unowned,
    isGone: ({ metadata: { namespace = "", name, uid = "" } }) => isGone(api, { namespace, name, uid }),
    onRunning: (capture, target) => recordOnPod(events, capture, target),
    onEnded: (uid, capture) => {
      if (capture === undefined) retention.deleted(uid);
    },
    onError: (capture, error) => log.error(fieldsOf(capture), error.message),
  });

  let ownAreKnown = false;
  /** Before its own are known, a capture that goes on would be taken for one whose resource is gone. */
  const lookAfterFiles = (): void => {
    const settled = ownAreKnown
      ? settleRemains({ ...onDisk, hostPath: paths.hostPath, own: known, say })
      : Promise.resolve();
    void settled.then(retention.sweep);
  };

  // It may have come during the last request.
  signal.throwIfAborted();
  // First the pods: a capture that goes on must not find its pod missing because nobody has looked yet.
  await followed.followPods({ onChange: controller.podChanged }, signal);
  followed.followCaptures({
    onUnowned: (uid, capture, before) => {
      controller.captureChanged(uid, capture, before);
      answers.observe(uid, capture);
    },
    onOwn: (uid, capture, before) => {
      controller.captureChanged(uid, capture, before);
      if (capture === undefined) retention.deleted(uid);
    },
    // Only what is known to be there can be told from what is not.
    onOwnSynced: (own) => {
      resumeFirst.expect(openUids(own));
      ownAreKnown = true;
      lookAfterFiles();
    },
    onFailure: (error) => {
      if (isApiMissing(error)) controller.apiMissing();
    },
  });
  const sweeps = setInterval(lookAfterFiles, sweepInterval(deleteOlderThan));
  return {
    notReady: followed.notReady,
    watchRestarts: followed.watchRestarts,
    close: async () => {
      clearInterval(sweeps);
      answers.close();
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

/** Answers for captures that get none from their own agent, by this process's clocks. */
function answersOf({ api, settings, log }: AgentParts, store: CaptureStore): Answers {
  const monotonic = () => performance.now();
  const freezes = createFreezeWatch(monotonic, () => uptime() * 1000);
  const { now } = api;
  const answers = createAnswers({
    api,
    store,
    settings,
    now,
    monotonic,
    lastFreeze: freezes.last,
    random: Math.random,
    log,
  });
  return {
    ...answers,
    close: () => {
      answers.close();
      freezes.close();
    },
  };
}

/** Captures that have not ended. */
function openUids(captures: readonly PacketCapture[]): string[] {
  return captures
    .filter(({ status }) => !isFinal(status?.progress))
    .map(({ metadata }) => metadata.uid ?? "");
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
