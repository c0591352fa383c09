import { randomUUID } from "node:crypto";
import { readdirSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { packetFiles } from "../agent/file-names.ts";
import { type Refusal, recordsRoom, refusalByLimits } from "../agent/limits.ts";
import { runSession, type SessionWorld } from "../agent/session.ts";
import { planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { CaptureReport, Native } from "../capture/native.ts";
import type { Settings } from "../settings.ts";
import { type CapturePlace, openPlace } from "../store/files/capture-place.ts";
import { diskUsage } from "../store/files/disk-usage.ts";
import type { FileStore } from "../store/files/file-store.ts";
import { runningCaptures } from "../store/files/running-captures.ts";
import { withStartLock } from "../store/files/start-lock.ts";
import { isThisMachine } from "./preflight.ts";

/** Milliseconds between two looks at free space and counters. */
const REFRESH_EVERY = 1000;

/** What all captures of one `pcapper run` share. */
export interface RunWorld {
  native: Native;
  store: FileStore;
  settings: Settings;
  output: string;
  stop: AbortSignal;
  onReport(capture: PacketCapture, report: CaptureReport): void;
}

/** Gives the documents what an API server would: uid, version, time of creation. */
export function createdCaptures(captures: readonly PacketCapture[], now: number): PacketCapture[] {
  return captures.map((capture) => {
    const { status: _status, ...resource } = capture;
    const metadata = {
      ...capture.metadata,
      namespace: capture.metadata.namespace ?? "default",
      uid: randomUUID(),
      resourceVersion: "1",
      creationTimestamp: new Date(now).toISOString(),
    };
    return { ...resource, metadata };
  });
}

/** Runs the captures side by side to their ends. @returns the resources as they are then */
export async function runCaptures(
  world: RunWorld,
  captures: readonly PacketCapture[],
): Promise<PacketCapture[]> {
  const node = hostname();
  const sessions = captures.map(async (capture) => {
    const { namespace = "", name } = capture.metadata;
    const epochSeconds = Math.floor(Date.now() / 1000);
    const place = openPlace(world.native, world.output, { node, name, epochSeconds });
    world.store.add(capture, place);
    return (await runSession(sessionWorld(world, node, place), { namespace, name })) ?? capture;
  });
  const results = await Promise.allSettled(sessions);
  const broken = results.find((result) => result.status === "rejected");
  if (broken !== undefined) throw broken.reason;
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

function sessionWorld(world: RunWorld, node: string, place: CapturePlace): SessionWorld {
  const { native, store, settings, stop, onReport } = world;
  return {
    native,
    store,
    node,
    stop,
    onReport,
    now: Date.now,
    targetIsHere: (capture) => isThisMachine(capture.spec.targetNode ?? ""),
    admit: (capture) => admit(world, place, capture),
    engineSettings: () => ({
      folder: place.folder,
      filePrefix: place.prefix,
      ringBytes: settings.captureBuffer,
      maxWriteRate: settings.maxWriteRate,
      minFreeDisk: settings.minFreeDisk,
      refreshEvery: REFRESH_EVERY,
    }),
    filesOf: () =>
      packetFiles(place.prefix, readdirSync(place.folder)).map(({ name }) => join(place.folder, name)),
  };
}

/** The limits, decided while no other process of this output folder decides. */
async function admit(
  { native, settings, output }: RunWorld,
  place: CapturePlace,
  capture: PacketCapture,
): Promise<Refusal | undefined> {
  const { worstCaseBytes, fileCount } = planCapture(capture.spec);
  const needs = { worstCase: worstCaseBytes + recordsRoom(fileCount), ring: settings.captureBuffer };
  return withStartLock(native, output, async () => {
    // The promises first: what is written meanwhile is then counted twice rather than not at all.
    const running = runningCaptures(native, output);
    const used = await diskUsage(output);
    const { free, size } = native.fileSystemRoom(output);
    const refusal = refusalByLimits(
      settings,
      {
        used,
        free,
        fileSystemSize: size,
        promised: running.promised,
        runningCaptures: running.count,
        runningRings: running.rings,
      },
      needs,
    );
    if (refusal === undefined) place.promise(needs);
    return refusal;
  });
}
