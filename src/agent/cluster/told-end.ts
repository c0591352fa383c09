import type { PacketCapture } from "../../api/resource.ts";
import type { ToldEnd } from "../../store/files/told-manifest.ts";
import { isFinal } from "../progress.ts";

/** What an engine counted to the end, and its last manifest that could be written did not. */
const COUNTED = ["bytes", "dropped", "droppedByKernel", "droppedByInterface", "droppedOnWrite"] as const;

/** What the status of a capture says of its end; undefined where it is not over. */
export function toldEnd(capture: PacketCapture | undefined): ToldEnd | undefined {
  const { progress, reason, message = "", endTime, statistics = {}, ...gaps } = capture?.status ?? {};
  if (!isFinal(progress) || reason === undefined) return undefined;
  const counted = COUNTED.flatMap((name) => {
    const count = statistics[name];
    return count === undefined ? [] : [[name, count] as const];
  });
  const { packets = 0 } = statistics;
  return { end: { reason, message }, endTime, gaps, packets, counted: Object.fromEntries(counted) };
}
