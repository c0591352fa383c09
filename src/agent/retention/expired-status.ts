import type { PacketCaptureStatus } from "../../api/resource.ts";
import { withCondition } from "../conditions.ts";
import { timeText } from "../status.ts";

/** Word of the condition, and of the Event, that tell that files were removed for their age. */
export const FILES_REMOVED = "FilesRemoved";

/** What a capture says whose files go because they are old; undefined where it says so already. */
export function expiredStatus(
  status: PacketCaptureStatus,
  message: string,
  now: number,
): PacketCaptureStatus | undefined {
  const { fileLocation, ...rest } = status;
  const known = status.conditions?.find(({ type }) => type === "FilesAvailable");
  if (fileLocation === undefined && known?.status === "False") return undefined;
  const facts = { type: "FilesAvailable", status: "False" as const, reason: FILES_REMOVED, message };
  return { ...rest, conditions: withCondition(status.conditions ?? [], facts, timeText(now)) };
}
