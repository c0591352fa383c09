import { mkdirSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { aborted } from "../../aborted.ts";
import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { CaptureReport, EarlierLife, Native } from "../../capture/native.ts";
import { machineTime } from "../../machine-time.ts";
import type { CaptureStore } from "../../store/capture-store.ts";
import { admit, needsOf } from "../../store/files/admission.ts";
import { type CapturePlace, openPlace, reopenPlace } from "../../store/files/capture-place.ts";
import { ownFiles } from "../../store/files/own-files.ts";
import { findRemains, needsRepair, repairRemains, sealManifest } from "../../store/files/remains.ts";
import { reportOf } from "../../store/files/repair.ts";
import { toldManifest } from "../../store/files/told-manifest.ts";
import { podEnd } from "../../target/pod-obstacle.ts";
import { resolveTarget } from "../../target/resolve-target.ts";
import { type ResolvedTarget, TargetFailure, type TargetPod } from "../../target/target.ts";
import type { AgentSettings } from "../agent-settings.ts";
import type { Remains, SessionWorld } from "../session.ts";
import { timeText } from "../status.ts";
import { filesWithoutManifest, NO_MANIFEST } from "./files-without-manifest.ts";
import { decideOnRemains } from "./remains-decision.ts";
import type { ResumeFirst } from "./resume-first.ts";
import { sessionStore } from "./session-store.ts";
import { toldEnd } from "./told-end.ts";

/** Paths of a node, as the agent's pod has them and as people know them. */
export interface NodePaths {
  /** Where captures are written: the mount of `hostPath`. */
  hostmount: string;
  /** The same folder on the node. */
  hostPath: string;
  netnsFolder: string;
  cniCacheFolder: string;
}

/** What all captures of one agent share. */
export interface ClusterWorld {
  native: Native;
  store: CaptureStore;
  settings: AgentSettings;
  paths: NodePaths;
  /** Uid of the cluster, for the manifests. */
  cluster: string;
  nodeIPs: readonly string[];
  podOf(namespace: string, name: string): TargetPod | undefined;
  resumeFirst: Pick<ResumeFirst, "placed" | "done">;
  onReport(capture: PacketCapture, report: CaptureReport, latest: () => CaptureReport): void;
  onRunning(capture: PacketCapture, target: ResolvedTarget): void;
  /** A session of this agent has given the capture its last word. */
  onLastWord(capture: PacketCapture): void;
  /** A capture goes on that an earlier process began. */
  onResumed(capture: PacketCapture, earlier: EarlierLife): void;
  say(line: string): void;
  now(): number;
}

const STATUS_EVERY = 10_000;

/** The world of one capture's session, and what has to be done when the session is over. */
export interface ClusterSession {
  world: SessionWorld;
  /** `ended`: the resource as the session left it. */
  close(ended: PacketCapture | undefined): Promise<void>;
}

/** Whether a capture's target is on this node, and can be captured on now. */
export function targetIsHere({ settings, podOf }: ClusterWorld, { spec }: PacketCapture): boolean {
  if (spec.targetNode !== undefined) return spec.targetNode === settings.node;
  const pod = podOf(spec.targetNamespace ?? "", spec.targetPod ?? "");
  if (pod?.spec.nodeName !== settings.node || pod.metadata.deletionTimestamp !== undefined) return false;
  return pod.status.phase === "Running" && (pod.spec.hostNetwork === true || pod.status.podIP !== undefined);
}

export function clusterSession(shared: ClusterWorld, uid: string, stop: AbortSignal): ClusterSession {
  const { native, settings, paths } = shared;
  const store = sessionStore(shared.store, uid, stop);
  const admission = { native, settings, output: paths.hostmount };
  let place: CapturePlace | undefined;
  const placeOrThrow = (): CapturePlace => {
    if (place === undefined) throw new Error("the capture has no folder yet");
    return place;
  };
  const location = (capture: PacketCapture): string => join(paths.hostPath, capture.metadata.name);

  /** What an earlier process left of the capture, if anything, and the room that it was promised. */
  const placeAgain = async (capture: PacketCapture) => {
    try {
      const found = await findRemains(paths.hostmount, capture.metadata.name, uid);
      if (found === undefined) return undefined;
      place = reopenPlace(native, found.folder, found.prefix);
      if (place === undefined) throw new Error(`${found.prefix}: another process has it`);
      place.promise(needsOf(admission, capture));
      return found;
    } finally {
      shared.resumeFirst.placed(uid);
    }
  };

  const recover = async (capture: PacketCapture): Promise<Remains | undefined> => {
    const found = await placeAgain(capture);
    if (found === undefined) {
      const files = await filesWithoutManifest(paths.hostmount, settings.node, capture);
      if (files.length === 0) return undefined;
      const folder = location(capture);
      return {
        go: "end",
        ending: { end: NO_MANIFEST, files: files.map((file) => join(folder, file)), folder },
      };
    }
    // By this node's clock, as all times in a manifest are.
    const remains = await repairRemains(native, found, shared.say, Date.now());
    const decision = decideOnRemains(capture, remains, Date.now(), machineTime());
    const report: CaptureReport = { ...reportOf(remains.manifest) };
    if (report.endTime === 0) report.endTime = Date.parse(remains.lastSeen);
    if (decision.go === "on") {
      shared.onResumed(capture, decision.earlier);
      return { ...decision, podUID: remains.manifest.capture.target?.podUID, report };
    }
    const { end, gaps, endTime } = decision;
    if (endTime !== undefined) report.endTime = Date.parse(endTime);
    return {
      go: "end",
      ending: { end, gaps, files: await filesOf(capture), folder: location(capture), report },
    };
  };

  const filesOf = async (capture: PacketCapture): Promise<string[]> => {
    const { folder, prefix } = placeOrThrow();
    return (await ownFiles(folder, prefix)).map(({ name }) => join(location(capture), name));
  };

  const world: SessionWorld = {
    native,
    store,
    node: settings.node,
    stop,
    now: shared.now,
    onReport: shared.onReport,
    onRunning: shared.onRunning,
    onLastWord: shared.onLastWord,
    awaitTurn: () => Promise.race([shared.resumeFirst.done, aborted(stop)]),
    targetIsHere: (capture) => targetIsHere(shared, capture),
    resolveTarget: (capture, podUID) => resolve(shared, capture, podUID),
    admit: (capture) =>
      admit(admission, needsOf(admission, capture), (needs) => {
        mkdirSync(paths.hostmount, { recursive: true });
        place = openPlace(native, paths.hostmount, {
          node: settings.node,
          name: capture.metadata.name,
          epochSeconds: Math.floor(shared.now() / 1000),
        });
        place.promise(needs);
      }),
    engineSettings: (capture) => ({
      folder: placeOrThrow().folder,
      location: location(capture),
      filePrefix: placeOrThrow().prefix,
      ringBytes: settings.captureBuffer,
      maxWriteRate: settings.maxWriteRate,
      minFreeDisk: settings.minFreeDisk,
      statusEvery: STATUS_EVERY,
      cluster: shared.cluster,
      suspendAtExit: true,
    }),
    filesOf,
    recover,
  };
  return { world, close: (ended) => closePlace(place, ended, shared.now()) };
}

/** Not on another pod of the same name than the one the capture began with. */
async function resolve(
  { native, settings, paths, nodeIPs, podOf }: ClusterWorld,
  capture: PacketCapture,
  podUID: string | undefined,
): Promise<ResolvedTarget> {
  const { target } = planCapture(capture.spec);
  const pod = target.kind === "pod" ? podOf(target.namespace, target.pod) : undefined;
  if (podUID !== undefined && pod !== undefined) {
    const gone = pod.metadata.uid === podUID ? podEnd(pod) : "the pod was replaced by another of its name.";
    if (gone !== undefined) throw new TargetFailure("TargetNotFound", gone);
  }
  return resolveTarget(native, target, {
    node: settings.node,
    nodeIPs,
    ...(pod === undefined ? {} : { pod }),
    netnsFolder: paths.netnsFolder,
    cniCacheFolder: paths.cniCacheFolder,
  });
}

/** The manifest of a capture that is over says so, also where no engine was there to write it. */
async function closePlace(
  place: CapturePlace | undefined,
  ended: PacketCapture | undefined,
  now: number,
): Promise<void> {
  if (place === undefined) return;
  const told = toldEnd(ended);
  try {
    const { folder, prefix } = place;
    // What needs a repair is left to the next look after all files: the disk may take it then.
    if (told !== undefined && !(await needsRepair(folder, prefix)))
      await sealManifest(folder, prefix, (manifest) =>
        toldManifest(manifest, { ...told, endTime: told.endTime ?? timeText(now) }),
      );
  } finally {
    // Also on a disk that takes no manifest any more: who holds the lock would be counted as running for ever.
    place.close();
  }
  try {
    // Where nothing was captured, nothing is left.
    rmdirSync(place.folder);
  } catch {
    // There are files in it.
  }
}
