import {
  type CaptureNeeds,
  type Limits,
  type Refusal,
  recordsRoom,
  refusalByRoom,
  refusalByRunning,
} from "../../agent/limits.ts";
import type { StopRequest } from "../../agent/session.ts";
import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { Native } from "../../capture/native.ts";
import { diskUsage } from "./disk-usage.ts";
import { diskFailure } from "./durable.ts";
import { runningCaptures } from "./running-captures.ts";
import { withStartLock } from "./start-lock.ts";

/** Where it is decided, and by which limits. */
export interface AdmissionWorld {
  native: Native;
  settings: Limits & { captureBuffer: number };
  /** The folder that all captures of this node share. */
  output: string;
}

/** What a capture may need at most. */
export function needsOf({ settings }: AdmissionWorld, capture: PacketCapture): CaptureNeeds {
  const { worstCaseBytes, fileCount } = planCapture(capture.spec);
  return { worstCase: worstCaseBytes + recordsRoom(fileCount), ring: settings.captureBuffer };
}

/**
 * Decides on the limits; `promise` makes the room counted before anybody else looks. A folder that is gone or
 * cannot be locked keeps a capture from starting too.
 * @returns why it may not start
 */
export async function admit(
  world: AdmissionWorld,
  needs: CaptureNeeds,
  promise: (needs: CaptureNeeds) => void,
): Promise<StopRequest | undefined> {
  try {
    return await admitByLimits(world, needs, promise);
  } catch (error) {
    return diskFailure(error);
  }
}

/** Decided while no other process that writes here decides. */
function admitByLimits(
  world: AdmissionWorld,
  needs: CaptureNeeds,
  promise: (needs: CaptureNeeds) => void,
): Promise<Refusal | undefined> {
  const { native, settings, output } = world;
  return withStartLock(native, output, async () => {
    // The promises first: what is written meanwhile is then counted twice rather than not at all.
    const running = runningCaptures(native, output);
    const figures = { runningCaptures: running.count, runningRings: running.rings };
    const refusal = refusalByRunning(settings, figures, needs);
    // Before the disk is looked at: that takes its time where there are many files, and others wait.
    return refusal ?? (await admitByRoom(world, needs, running.promised, promise));
  });
}

async function admitByRoom(
  { native, settings, output }: AdmissionWorld,
  needs: CaptureNeeds,
  promised: number,
  promise: (needs: CaptureNeeds) => void,
): Promise<Refusal | undefined> {
  const used = await diskUsage(output);
  const { free, size } = native.fileSystemRoom(output);
  const refusal = refusalByRoom(settings, { used, free, fileSystemSize: size, promised }, needs);
  if (refusal === undefined) promise(needs);
  return refusal;
}
