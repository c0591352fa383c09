import { recordsRoom, refusalByLimits } from "../agent/limits.ts";
import type { StopRequest } from "../agent/session.ts";
import { planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { Native } from "../capture/native.ts";
import type { Settings } from "../settings.ts";
import type { CapturePlace } from "../store/files/capture-place.ts";
import { diskUsage } from "../store/files/disk-usage.ts";
import { diskFailure } from "../store/files/durable.ts";
import { runningCaptures } from "../store/files/running-captures.ts";
import { withStartLock } from "../store/files/start-lock.ts";

/** What a start is decided on. */
interface AdmissionWorld {
  native: Native;
  settings: Settings;
  output: string;
}

/**
 * Decides on the limits, and promises the room where there is some. A folder that is gone or cannot be locked
 * keeps a capture from starting too.
 * @returns why it may not start
 */
export async function admit(
  world: AdmissionWorld,
  place: CapturePlace,
  capture: PacketCapture,
): Promise<StopRequest | undefined> {
  try {
    return await admitByLimits(world, place, capture);
  } catch (error) {
    return diskFailure(error);
  }
}

/** Decided while no other process of this output folder decides. */
async function admitByLimits(
  { native, settings, output }: AdmissionWorld,
  place: CapturePlace,
  capture: PacketCapture,
): Promise<StopRequest | undefined> {
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
