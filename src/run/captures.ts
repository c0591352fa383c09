import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { dirname, join } from "node:path";
import { runSession, type SessionWorld, type StopRequest } from "../agent/session.ts";
import { finalStatus, scheduledStatus } from "../agent/status.ts";
import { planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { Native } from "../capture/native.ts";
import { INTERNAL, type Problem } from "../errors.ts";
import type { Settings } from "../settings.ts";
import { keyOf } from "../store/capture-store.ts";
import { admit, needsOf } from "../store/files/admission.ts";
import { type CapturePlace, openPlace } from "../store/files/capture-place.ts";
import { diskFailure, syncFolder } from "../store/files/durable.ts";
import type { FileStore } from "../store/files/file-store.ts";
import { ownFiles } from "../store/files/own-files.ts";
import { isThisMachine } from "./preflight.ts";

/** Milliseconds between two writes of the status: each costs a sync. */
const STATUS_EVERY = 10_000;

/** What all captures of one `pcapper run` share. */
export interface RunWorld {
  native: Native;
  store: FileStore;
  settings: Settings;
  output: string;
  stop: AbortSignal;
  onReport: SessionWorld["onReport"];
}

/** Gives the documents what an API server would: uid, version, time of creation. */
export function createdCaptures(captures: readonly PacketCapture[], now: number): PacketCapture[] {
  return captures.map((capture) => {
    const { status: _status, ...resource } = capture;
    const { deletionTimestamp: _deletion, ...given } = capture.metadata;
    const metadata = {
      ...given,
      namespace: capture.metadata.namespace ?? "default",
      uid: randomUUID(),
      resourceVersion: "1",
      creationTimestamp: new Date(now).toISOString(),
    };
    return { ...resource, metadata };
  });
}

/** What came of the captures of one `pcapper run`. */
export interface RunResult {
  /** The resources as they are at their ends. */
  ended: PacketCapture[];
  /** What kept a capture from being driven. */
  problems: Problem[];
}

/** Runs the captures side by side to their ends; an error of one does not touch the others. */
export async function runCaptures(world: RunWorld, captures: readonly PacketCapture[]): Promise<RunResult> {
  const problems: Problem[] = [];
  const ended = await Promise.all(
    captures.map(async (capture) => {
      try {
        return (await runCapture(world, capture)) ?? capture;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        problems.push({ code: INTERNAL, message: `${capture.metadata.name}: ${message}` });
        return (await world.store.read(keyOf(capture))) ?? capture;
      }
    }),
  );
  return { ended, problems };
}

async function runCapture(world: RunWorld, capture: PacketCapture): Promise<PacketCapture | undefined> {
  const node = hostname();
  const epochSeconds = Math.floor(Date.now() / 1000);
  const place = placeOrFailure(world, { node, name: capture.metadata.name, epochSeconds });
  if ("reason" in place) return endUnplaced(world, capture, node, place);
  // The engine syncs the capture's folder; here its name, and that of the output folder, come to stay.
  for (const folder of [world.output, dirname(world.output)]) void syncFolder(folder).catch(() => undefined);
  world.store.add(capture, place);
  return runSession(sessionWorld(world, node, place), keyOf(capture));
}

function placeOrFailure(
  { native, output }: RunWorld,
  capture: { node: string; name: string; epochSeconds: number },
): CapturePlace | StopRequest {
  try {
    return openPlace(native, output, capture);
  } catch (error) {
    return diskFailure(error);
  }
}

/** There is no folder for its files, and so none for its status: it is printed, and said. */
function endUnplaced(
  { store, output }: RunWorld,
  capture: PacketCapture,
  node: string,
  end: StopRequest,
): PacketCapture {
  const now = Date.now();
  const ending = { end, files: [], folder: join(output, capture.metadata.name) };
  const status = finalStatus(scheduledStatus(node, now), ending, planCapture(capture.spec), now);
  const ended = { ...capture, status };
  store.recordEvent(ended, { type: "Warning", reason: end.reason, message: status.message ?? "" });
  return ended;
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
    resolveTarget: async (capture) => ({
      networkNamespace: "",
      namespaceId: "",
      interfaceName: capture.spec.targetInterface ?? "",
      scope: "node",
    }),
    awaitTurn: async () => undefined,
    // What an earlier run left is another resource, and was repaired before this one began.
    recover: async () => undefined,
    admit: (capture) => admit(world, needsOf(world, capture), place.promise),
    engineSettings: () => ({
      folder: place.folder,
      location: place.folder,
      filePrefix: place.prefix,
      ringBytes: settings.captureBuffer,
      maxWriteRate: settings.maxWriteRate,
      minFreeDisk: settings.minFreeDisk,
      statusEvery: STATUS_EVERY,
      cluster: "",
      suspendAtExit: false,
    }),
    filesOf: async () =>
      (await ownFiles(place.folder, place.prefix)).map(({ name }) => join(place.folder, name)),
  };
}
