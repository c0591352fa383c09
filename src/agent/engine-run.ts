import { type CapturePlan, planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import { bootId } from "../boot-id.ts";
import type { CaptureOptions, CaptureReport, EarlierLife, NativeCapture } from "../capture/native.ts";
import type { FreeDiskLimit } from "../settings.ts";
import { keyOf, StatusConflict } from "../store/capture-store.ts";
import type { ResolvedTarget } from "../target/target.ts";
import { closedGaps, type Gap, gapFacts } from "./gaps.ts";
import { minFreeDisk } from "./limits.ts";
import { isFinal } from "./progress.ts";
import type { SessionWorld, StopRequest } from "./session.ts";
import { startEngine } from "./start-engine.ts";
import { runningStatus, statusChanged } from "./status.ts";

/** What the engine is told beside the plan. */
export interface EngineSettings {
  folder: string;
  /** The folder as people know it: its path on the node. */
  location: string;
  filePrefix: string;
  ringBytes: number;
  maxWriteRate: number;
  minFreeDisk: FreeDiskLimit;
  /** Milliseconds between two writes of a status that changed. */
  statusEvery: number;
  /** Names the cluster in the manifest; empty without one. */
  cluster: string;
  /** Whether the next process goes on with what this one leaves. */
  suspendAtExit: boolean;
}

/** On what, and where an earlier process left it: from which file on, and for how long. */
export interface RunPlan {
  target: ResolvedTarget;
  earlier?: EarlierLife;
  secondsLeft?: number;
  /** The last is the one it was found in. */
  gaps?: readonly Gap[];
}

/** A capture that ran to its end. */
export interface EngineRun {
  /** As last written. */
  capture: PacketCapture;
  /** The last report, exact. */
  report: CaptureReport;
}

/** Starts the engine, keeps the status fresh, and resolves when the engine has ended. */
export async function runEngine(
  world: SessionWorld,
  claimed: PacketCapture,
  run: RunPlan,
): Promise<EngineRun> {
  const settings = world.engineSettings(claimed);
  const plan = planCapture(claimed.spec);
  const writer = createStatusWriter(world, claimed, plan, { ...run, folder: settings.location });
  const timers: NodeJS.Timeout[] = [];
  const report = await new Promise<CaptureReport>((resolve) => {
    const options = captureOptions(world, claimed, plan, run, settings);
    const engine = startEngine(world.native, options, (next) => {
      world.onReport(claimed, next, engine.report);
      writer.began(next);
      if (hasOpened(next)) world.onRunning?.(claimed, run.target);
      if (next.state === "ended") resolve(next);
    });
    stopOnRequest(engine, world.stop);
    timers.push(setInterval(() => writer.refresh(engine.report()), settings.statusEvery));
  });
  for (const timer of timers) clearInterval(timer);
  return { capture: await writer.settled(), report };
}

/** Reports merge while JavaScript is busy: a short capture may be over before it is seen running. */
function hasOpened({ state, startTime }: CaptureReport): boolean {
  return state === "ended" ? startTime > 0 : state !== "opening";
}

function captureOptions(
  { node }: SessionWorld,
  capture: PacketCapture,
  plan: CapturePlan,
  { target, earlier, secondsLeft }: RunPlan,
  settings: EngineSettings,
): CaptureOptions {
  const { namespace, name, uid, creationTimestamp } = capture.metadata;
  const { cluster, folder } = settings;
  const head = {
    cluster,
    namespace,
    name,
    uid,
    creationTimestamp,
    node,
    boot: bootId(),
    spec: capture.spec,
    target: { ...plan.target, ...target },
  };
  return {
    ...(earlier === undefined ? {} : { earlier }),
    networkNamespace: target.networkNamespace,
    namespaceId: target.namespaceId,
    interfaceName: target.interfaceName,
    filter: plan.captureFilter,
    snapLength: plan.snapLength,
    promiscuous: plan.promiscuous,
    ringBytes: settings.ringBytes,
    captureSeconds: secondsLeft ?? plan.captureSeconds,
    packetCount: plan.packetCount,
    folder,
    filePrefix: settings.filePrefix,
    maxFileSize: plan.maxFileSize,
    fileCount: plan.fileCount,
    maxWriteRate: settings.maxWriteRate,
    minFreeDisk: minFreeDisk(settings.minFreeDisk),
    manifestHead: JSON.stringify(head),
    suspendAtExit: settings.suspendAtExit,
  };
}

function stopOnRequest(engine: NativeCapture, signal: AbortSignal): void {
  const stop = () => {
    const { reason, message } = signal.reason as StopRequest;
    if (reason === "Suspended") engine.suspend();
    else engine.stop(reason, message);
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

/** One status write at a time; what comes meanwhile is merged into the next. */
function createStatusWriter(
  world: SessionWorld,
  claimed: PacketCapture,
  plan: CapturePlan,
  run: RunPlan & { folder: string },
) {
  const { gaps = [] } = run;
  let told = false;
  let capture = claimed;
  let hasBegun = false;
  let writing: Promise<void> | undefined;
  const write = async (report: CaptureReport): Promise<void> => {
    // Others have given its end, because this agent was away for too long.
    if (isFinal(capture.status?.progress)) return;
    const closed = closedGaps(gaps, report.resumedTime);
    const status = {
      ...runningStatus(capture.status ?? {}, report, plan, run, world.now()),
      ...gapFacts(closed),
    };
    if (!statusChanged(capture.status, status)) return;
    try {
      capture = await world.store.writeStatus(capture, status);
    } catch (error) {
      capture = (await world.store.read(keyOf(capture))) ?? capture;
      // Somebody wrote in between, a stop perhaps: the same once more, on what is there now.
      if (error instanceof StatusConflict) return write(report);
      // Deleted: whoever hears of it ends the capture.
      if ((error as Error).name === "CaptureGone") return;
      const message = `The status could not be written: ${(error as Error).message}`;
      world.store.recordEvent(capture, { type: "Warning", reason: "StatusNotWritten", message });
      return;
    }
    if (!told) tell(status.message ?? "", closed);
    told = true;
  };
  const tell = (message: string, closed: readonly Gap[]): void => {
    const { gapSeconds = 0 } = gapFacts(closed.slice(-1));
    const event =
      run.earlier === undefined
        ? { reason: "Running", message }
        : {
            reason: "Resumed",
            // With its number: the same words would be the same Event.
            message: `${message} The agent was gone: nothing was captured for ${gapSeconds} s (resume ${gaps.length}).`,
          };
    world.store.recordEvent(capture, { type: "Normal", ...event });
  };
  const refresh = (report: CaptureReport): void => {
    if (!hasOpened(report) || writing !== undefined) return;
    // A store that gives up (the process ends) has said so itself; the last status is the session's.
    writing = write(report)
      .catch(() => undefined)
      .finally(() => {
        writing = undefined;
      });
  };
  return {
    refresh,
    /** Written at once the first time that it is seen open. */
    began: (report: CaptureReport): void => {
      if (!hasBegun) refresh(report);
      hasBegun ||= hasOpened(report);
    },
    settled: async (): Promise<PacketCapture> => {
      await writing;
      return capture;
    },
  };
}
