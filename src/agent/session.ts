import { planCapture } from "../api/plan.ts";
import type { PacketCapture, PacketCaptureStatus } from "../api/resource.ts";
import type { CaptureReport, Native } from "../capture/native.ts";
import { type CaptureKey, type CaptureStore, StatusConflict } from "../store/capture-store.ts";
import { type EngineRun, type EngineSettings, runEngine } from "./engine-run.ts";
import { reconcile } from "./reconcile.ts";
import { type Ending, finalStatus, scheduledStatus } from "./status.ts";

/** Why a capture should stop, as its status will say. */
export interface StopRequest {
  reason: string;
  message: string;
}

/** What a session needs of the world around it. */
export interface SessionWorld {
  native: Native;
  store: CaptureStore;
  /** This node's name for `status.node`. */
  node: string;
  targetIsHere(capture: PacketCapture): boolean;
  /** Decides on the limits, and promises the room where there is some. @returns why it may not start */
  admit(capture: PacketCapture): Promise<StopRequest | undefined>;
  /** Options of the engine that do not come from the resource. */
  engineSettings(capture: PacketCapture): EngineSettings;
  /** Paths of the packet files the capture has now. */
  filesOf(capture: PacketCapture): string[];
  /** Aborted with a StopRequest. */
  stop: AbortSignal;
  /** Tells a watcher about each report of the engine. */
  onReport(capture: PacketCapture, report: CaptureReport): void;
  now(): number;
}

/** Drives one capture from where it is to its end. @returns the resource as it is then */
export async function runSession(world: SessionWorld, key: CaptureKey): Promise<PacketCapture | undefined> {
  for (;;) {
    const capture = await world.store.read(key);
    if (capture === undefined) return undefined;
    const targetIsHere = world.targetIsHere(capture);
    const step = reconcile(capture, { node: world.node, targetIsHere, engine: "none" });
    if (step.do === "nothing" || step.do === "recover" || step.do === "stop") return capture;
    try {
      if (step.do === "claim") await claim(world, capture);
      if (step.do === "start") return await start(world, capture);
      if (step.do === "end-unstarted") return await endUnstarted(world, capture, STOPPED_BY_SPEC);
    } catch (error) {
      if (!(error instanceof StatusConflict)) throw error;
    }
  }
}

const STOPPED_BY_SPEC: StopRequest = {
  reason: "Stopped",
  message: "spec.stop was true before the capture began.",
};

async function claim({ store, node, now }: SessionWorld, capture: PacketCapture): Promise<void> {
  const scheduled = await store.writeStatus(capture, scheduledStatus(node, now()));
  store.recordEvent(scheduled, { type: "Normal", reason: "Scheduled", message: `Claimed by ${node}.` });
}

async function start(world: SessionWorld, capture: PacketCapture): Promise<PacketCapture> {
  const refusal = world.stop.aborted ? (world.stop.reason as StopRequest) : await world.admit(capture);
  if (refusal !== undefined) return endUnstarted(world, capture, refusal);
  const run = await runEngine(world, capture);
  return endRun(world, run);
}

function endUnstarted(world: SessionWorld, capture: PacketCapture, end: StopRequest): Promise<PacketCapture> {
  const { folder } = world.engineSettings(capture);
  return finish(world, capture, { end, files: [], folder });
}

function endRun(world: SessionWorld, { capture, report }: EngineRun): Promise<PacketCapture> {
  const end = report.end ?? { reason: "CaptureError", message: "The engine ended without saying why." };
  const { folder } = world.engineSettings(capture);
  return finish(world, capture, { end, files: world.filesOf(capture), folder, report });
}

async function finish(world: SessionWorld, capture: PacketCapture, ending: Ending): Promise<PacketCapture> {
  const before: PacketCaptureStatus = capture.status ?? {};
  const status = finalStatus(before, ending, planCapture(capture.spec), world.now());
  const ended = await world.store.writeStatus(capture, status);
  const type = status.progress === "finished" ? "Normal" : "Warning";
  world.store.recordEvent(ended, { type, reason: ending.end.reason, message: status.message ?? "" });
  return ended;
}
