import { planCapture } from "../api/plan.ts";
import type { PacketCapture, PacketCaptureStatus } from "../api/resource.ts";
import type { CaptureEnd, CaptureReport, EarlierLife, Native } from "../capture/native.ts";
import { type CaptureKey, type CaptureStore, StatusConflict } from "../store/capture-store.ts";
import { type ResolvedTarget, TargetFailure } from "../target/target.ts";
import { addedStatus } from "./added-status.ts";
import { notOpened, withoutTarget } from "./end-without-target.ts";
import { type EngineRun, type EngineSettings, runEngine } from "./engine-run.ts";
import { closedGaps, type Gap } from "./gaps.ts";
import { isFinal } from "./progress.ts";
import { reconcile } from "./reconcile.ts";
import { type Ending, finalStatus, scheduledStatus } from "./status.ts";

/** Why a capture should stop, as its status will say. */
export interface StopRequest {
  /** `Suspended`: files closed whole, to be gone on with by the next process. */
  reason: string;
  message: string;
}

/** What an earlier process left of a running capture: the way on, or how it ended. */
export type Remains =
  | {
      go: "on";
      earlier: EarlierLife;
      secondsLeft: number;
      /** Times in which nothing was captured; the last is the one it was found in. */
      gaps: readonly Gap[];
      /** Those that its manifest tells. */
      gapsOnDisk: readonly Gap[];
      /** The pod it began with. */
      podUID: string | undefined;
      /** What is on disk, for the last word where it cannot go on after all. */
      report: CaptureReport;
    }
  | { go: "end"; ending: Ending };

/** What a session needs of the world around it. */
export interface SessionWorld {
  native: Native;
  store: CaptureStore;
  /** This node's name for `status.node`. */
  node: string;
  targetIsHere(capture: PacketCapture): boolean;
  /**
   * `podUID`: the pod that a capture which goes on began with.
   * @throws TargetFailure where there is nothing to capture on
   */
  resolveTarget(capture: PacketCapture, podUID?: string): Promise<ResolvedTarget>;
  /** Those that go on have their room first: resolves when all of them have it, or the session is to end. */
  awaitTurn(): Promise<void>;
  /** Decides on the limits, and promises the room where there is some. @returns why it may not start */
  admit(capture: PacketCapture): Promise<StopRequest | undefined>;
  /** Options of the engine that do not come from the resource; only after `admit` or `recover`. */
  engineSettings(capture: PacketCapture): EngineSettings;
  /** Paths, as people know them, of the packet files the capture has now. */
  filesOf(capture: PacketCapture): Promise<string[]>;
  /** Files on this node of a capture that no engine of this process has: repaired, and what to do next. */
  recover(capture: PacketCapture): Promise<Remains | undefined>;
  /** Aborted with a StopRequest. */
  stop: AbortSignal;
  /** Tells a watcher about each change of the engine's state. `latest` tells how it is at any time since. */
  onReport(capture: PacketCapture, report: CaptureReport, latest: () => CaptureReport): void;
  /** The engine runs on this target now. */
  onRunning?(capture: PacketCapture, target: ResolvedTarget): void;
  /** This session has given the capture its last word; not called where somebody else had. */
  onLastWord?(capture: PacketCapture): void;
  now(): number;
}

/** Drives one capture from where it is to its end. @returns the resource as it is then */
export async function runSession(world: SessionWorld, key: CaptureKey): Promise<PacketCapture | undefined> {
  for (;;) {
    const capture = await world.store.read(key);
    if (capture === undefined) return undefined;
    const targetIsHere = world.targetIsHere(capture);
    const step = reconcile(capture, { node: world.node, targetIsHere, engine: "none" });
    if (step.do === "nothing" || step.do === "stop") return capture;
    try {
      if (step.do === "claim") await claim(world, capture);
      if (step.do === "start") return await start(world, capture);
      if (step.do === "recover") return await takeUp(world, capture, await world.recover(capture));
      if (step.do === "end-unstarted") return await endEarly(world, capture, step.request);
    } catch (error) {
      if (!(error instanceof StatusConflict)) throw error;
    }
  }
}

const NOTHING_LEFT: StopRequest = {
  reason: "Interrupted",
  message: "The agent ended while the capture ran, and its manifest is missing.",
};

async function claim({ store, node, now }: SessionWorld, capture: PacketCapture): Promise<void> {
  const scheduled = await store.writeStatus(capture, scheduledStatus(node, now()));
  store.recordEvent(scheduled, { type: "Normal", reason: "Scheduled", message: `Claimed by ${node}.` });
}

/** A process that died between its first file and the status `running` left more than the status says. */
async function endEarly(
  world: SessionWorld,
  capture: PacketCapture,
  request: StopRequest,
): Promise<PacketCapture> {
  const remains = await world.recover(capture);
  return remains === undefined ? endUnstarted(world, capture, request) : takeUp(world, capture, remains);
}

/** As in `endEarly`, there may be files. */
async function start(world: SessionWorld, capture: PacketCapture): Promise<PacketCapture> {
  if (isSuspended(world)) return capture;
  const remains = await world.recover(capture);
  if (remains !== undefined) return takeUp(world, capture, remains);
  await world.awaitTurn();
  if (world.stop.aborted) return stopUnstarted(world, capture);
  const target = await targetOf(world, capture);
  if (target instanceof TargetFailure) return endUnstarted(world, capture, target);
  const refusal = await world.admit(capture);
  if (refusal !== undefined) return endUnstarted(world, capture, refusal);
  return endRun(world, target, await runEngine(world, capture, { target }));
}

/** Going on in the same ring, or the end that the time, the target or a stop has set meanwhile. */
async function takeUp(
  world: SessionWorld,
  capture: PacketCapture,
  remains: Remains | undefined,
): Promise<PacketCapture> {
  if (remains === undefined) return endUnstarted(world, capture, NOTHING_LEFT);
  if (remains.go === "end") return finish(world, capture, remains.ending);
  const target = await targetOf(world, capture, remains.podUID);
  if (target instanceof TargetFailure) return endWithFiles(world, capture, withoutTarget(remains, target));
  const { gaps } = remains;
  const run = await runEngine(world, capture, { target, ...remains });
  if (run.report.startTime > 0) return endRun(world, target, run, closedGaps(gaps, run.report.resumedTime));
  const end = run.report.end ?? NO_WORD;
  if (end.reason === "Suspended") return run.capture;
  return endWithFiles(world, run.capture, { ...notOpened(remains, end), target });
}

const NO_WORD: CaptureEnd = { reason: "CaptureError", message: "The engine ended without saying why." };

async function targetOf(
  world: SessionWorld,
  capture: PacketCapture,
  podUID?: string,
): Promise<ResolvedTarget | TargetFailure> {
  try {
    return await world.resolveTarget(capture, podUID);
  } catch (error) {
    if (error instanceof TargetFailure) return error;
    throw error;
  }
}

/** Told to stop before it began, and nothing is left of it. A process that ends leaves the capture to the next one. */
async function stopUnstarted(world: SessionWorld, capture: PacketCapture): Promise<PacketCapture> {
  return isSuspended(world) ? capture : endUnstarted(world, capture, world.stop.reason as StopRequest);
}

function isSuspended({ stop }: SessionWorld): boolean {
  return stop.aborted && (stop.reason as StopRequest).reason === "Suspended";
}

function endUnstarted(
  world: SessionWorld,
  capture: PacketCapture,
  { reason, message }: StopRequest,
): Promise<PacketCapture> {
  return finish(world, capture, { end: { reason, message }, files: [], folder: "" });
}

async function endRun(
  world: SessionWorld,
  target: ResolvedTarget,
  { capture, report }: EngineRun,
  gaps: readonly Gap[] = [],
): Promise<PacketCapture> {
  const end = report.end ?? NO_WORD;
  if (end.reason === "Suspended") return capture;
  return endWithFiles(world, capture, { end, report, target, gaps });
}

async function endWithFiles(
  world: SessionWorld,
  capture: PacketCapture,
  ending: Omit<Ending, "files" | "folder">,
): Promise<PacketCapture> {
  const { location: folder } = world.engineSettings(capture);
  return finish(world, capture, { ...ending, files: await world.filesOf(capture), folder });
}

/**
 * The last word. Whoever else wrote meanwhile (a stop, a label) does not keep it from being said; where others
 * have given one already (AgentLost), theirs stays.
 */
async function finish(world: SessionWorld, capture: PacketCapture, ending: Ending): Promise<PacketCapture> {
  for (let latest: PacketCapture | undefined = capture; latest !== undefined; ) {
    const before: PacketCaptureStatus = latest.status ?? {};
    const isTold = isFinal(before.progress);
    const status = isTold
      ? addedStatus(before, ending, world.now())
      : finalStatus(before, ending, planCapture(latest.spec), world.now());
    try {
      const ended = await world.store.writeStatus(latest, status);
      if (isTold) return ended;
      world.onLastWord?.(ended);
      const type = status.progress === "finished" ? "Normal" : "Warning";
      world.store.recordEvent(ended, { type, reason: ending.end.reason, message: status.message ?? "" });
      return ended;
    } catch (error) {
      if (!(error instanceof StatusConflict)) throw error;
      const { namespace = "", name } = latest.metadata;
      latest = await world.store.read({ namespace, name });
    }
  }
  return capture;
}
