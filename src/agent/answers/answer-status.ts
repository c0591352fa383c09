import type { PacketCapture, PacketCaptureStatus } from "../../api/resource.ts";
import { finalConditions, withCondition } from "../conditions.ts";
import { timeText } from "../status.ts";
import type { Answer } from "./answer.ts";

/** The status of a capture that an observer has answered. What its agent had said before stays. */
export function answeredStatus(
  { status = {} }: PacketCapture,
  { reason, message }: Answer,
  now: number,
): PacketCaptureStatus {
  const time = timeText(now);
  const conditions = finalConditions(status.conditions ?? [], { reason, message, filesLeft: 0 }, time);
  const failed = { ...status, progress: "failure" as const, reason, message };
  if (reason !== "AgentLost") return { ...failed, endTime: time, conditions };
  // When it really ended, and with which files, only its node knows: no endTime, and no claim about files.
  const files = {
    type: "FilesAvailable",
    status: "Unknown" as const,
    reason,
    message: "Which files are left is known when the node has an agent again.",
  };
  return { ...failed, conditions: withCondition(conditions, files, time) };
}
