import { type CapturePlan, planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { CaptureOptions, CaptureReport, NativeCapture } from "../capture/native.ts";
import type { FreeDiskLimit } from "../settings.ts";
import { keyOf } from "../store/capture-store.ts";
import { diskPressure } from "./limits.ts";
import type { SessionWorld, StopRequest } from "./session.ts";
import { runningStatus, statusChanged } from "./status.ts";

/** What the engine is told beside the plan. */
export interface EngineSettings {
  folder: string;
  filePrefix: string;
  ringBytes: number;
  maxWriteRate: number;
  minFreeDisk: FreeDiskLimit;
  /** Milliseconds between two looks at free space and counters. */
  refreshEvery: number;
}

/** A capture that ran to its end. */
export interface EngineRun {
  /** As last written. */
  capture: PacketCapture;
  /** The last report, exact. */
  report: CaptureReport;
}

/** Starts the engine, keeps the status fresh, and resolves when the engine has ended. */
export async function runEngine(world: SessionWorld, claimed: PacketCapture): Promise<EngineRun> {
  const settings = world.engineSettings(claimed);
  const plan = planCapture(claimed.spec);
  const writer = createStatusWriter(world, claimed, plan, settings.folder);
  let timer: NodeJS.Timeout | undefined;
  const report = await new Promise<CaptureReport>((resolve) => {
    const options = captureOptions(claimed, plan, settings, world.node);
    const engine = world.native.startCapture(options, (next) => {
      world.onReport(claimed, next);
      if (next.state === "ended") resolve(next);
      else writer.keep(next);
    });
    stopOnRequest(engine, world.stop);
    timer = setInterval(() => {
      stopUnderPressure(world, engine, settings);
      writer.refresh();
    }, settings.refreshEvery);
  });
  clearInterval(timer);
  return { capture: await writer.settled(), report };
}

function captureOptions(
  capture: PacketCapture,
  plan: CapturePlan,
  settings: EngineSettings,
  node: string,
): CaptureOptions {
  const { namespace, name, uid } = capture.metadata;
  const head = { cluster: "", namespace, name, uid, node, spec: capture.spec, target: plan.target };
  return {
    networkNamespace: "",
    interfaceName: plan.target.interfaceName ?? "",
    filter: plan.captureFilter,
    snapLength: plan.snapLength,
    promiscuous: plan.promiscuous,
    ringBytes: settings.ringBytes,
    captureSeconds: plan.captureSeconds,
    packetCount: plan.packetCount,
    folder: settings.folder,
    filePrefix: settings.filePrefix,
    maxFileSize: plan.maxFileSize,
    fileCount: plan.fileCount,
    maxWriteRate: settings.maxWriteRate,
    manifestHead: JSON.stringify(head),
  };
}

function stopOnRequest(engine: NativeCapture, signal: AbortSignal): void {
  const stop = () => {
    const { reason, message } = signal.reason as StopRequest;
    engine.stop(reason, message);
  };
  if (signal.aborted) stop();
  else signal.addEventListener("abort", stop, { once: true });
}

function stopUnderPressure(world: SessionWorld, engine: NativeCapture, settings: EngineSettings): void {
  const room = roomOrUnknown(world, settings.folder);
  if (room === undefined) return;
  const pressure = diskPressure(settings.minFreeDisk, room.free, room.size);
  if (pressure !== undefined) engine.stop("DiskPressure", pressure);
}

/** A folder that cannot be asked (gone, stale mount) is for the engine's writer to report. */
function roomOrUnknown(world: SessionWorld, folder: string) {
  try {
    return world.native.fileSystemRoom(folder);
  } catch {
    return undefined;
  }
}

/** One status write at a time; what comes meanwhile is merged into the next. */
function createStatusWriter(world: SessionWorld, claimed: PacketCapture, plan: CapturePlan, folder: string) {
  let capture = claimed;
  let latest: CaptureReport | undefined;
  let writing: Promise<void> | undefined;
  const write = async (report: CaptureReport): Promise<void> => {
    const first = capture.status?.progress !== "running";
    const status = runningStatus(capture.status ?? {}, report, plan, folder, world.now());
    if (!statusChanged(capture.status, status)) return;
    try {
      capture = await world.store.writeStatus(capture, status);
    } catch (error) {
      const message = `The status could not be written: ${(error as Error).message}`;
      world.store.recordEvent(capture, { type: "Warning", reason: "StatusNotWritten", message });
      capture = (await world.store.read(keyOf(capture))) ?? capture;
    }
    if (first)
      world.store.recordEvent(capture, { type: "Normal", reason: "Running", message: status.message ?? "" });
  };
  const refresh = (): void => {
    if (latest === undefined || latest.state === "opening" || writing !== undefined) return;
    writing = write(latest).finally(() => {
      writing = undefined;
    });
  };
  return {
    refresh,
    keep: (report: CaptureReport): void => {
      const opened = latest === undefined || latest.state === "opening";
      latest = report;
      if (opened) refresh();
    },
    settled: async (): Promise<PacketCapture> => {
      await writing;
      return capture;
    },
  };
}
