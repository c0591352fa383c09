import type { PacketCapture } from "../api/resource.ts";
import { isFinal } from "./progress.ts";
import type { StopRequest } from "./session.ts";
import { wantedStop } from "./wanted-stop.ts";

/** What an agent knows about one capture beside the resource itself. */
export interface Knowledge {
  /** The name this agent writes into `status.node`. */
  node: string;
  /** The target is on this node: its name, or the node of the pod. */
  targetIsHere: boolean;
  /** What this process is doing for the capture. */
  engine: "none" | "capturing" | "ending";
}

/** The next thing to do for a capture. */
export type Step =
  /** Not ours, or nothing to do. */
  | { do: "nothing" }
  /** Write `scheduled` and our node, on the resourceVersion this was decided on. */
  | { do: "claim" }
  /** Limits, interface, engine. */
  | { do: "start" }
  /** Ask the running engine to stop. */
  | { do: "stop" }
  /** Stopped before it began. */
  | { do: "end-unstarted"; request: StopRequest }
  /** It was running here, and no engine of this process has it. */
  | { do: "recover" };

/** The state machine: `absent → scheduled → running → finished | failure`, never back, one owner. */
export function reconcile(capture: PacketCapture, known: Knowledge): Step {
  const status = capture.status;
  const progress = status?.progress;
  if (isFinal(progress)) return { do: "nothing" };
  if (progress === undefined) {
    const isDeleted = capture.metadata.deletionTimestamp !== undefined;
    return known.targetIsHere && !isDeleted ? { do: "claim" } : { do: "nothing" };
  }
  if (status?.node !== known.node) return { do: "nothing" };
  const stop = wantedStop(capture, " before the capture began");
  if (known.engine === "ending") return { do: "nothing" };
  if (known.engine === "capturing") return stop !== undefined ? { do: "stop" } : { do: "nothing" };
  if (progress === "running") return { do: "recover" };
  return stop === undefined ? { do: "start" } : { do: "end-unstarted", request: stop };
}
