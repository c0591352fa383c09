import type { CapturePlan } from "../api/plan.ts";
import type { Statistics } from "../capture/native.ts";
import { countText } from "../count-text.ts";

/** Bytes the schema allows in `status.message`. */
const MAX_MESSAGE = 4096;

/** What is captured, so that a mistyped filter field shows: `all packets` or the filter itself. */
function whatIsCaptured(plan: Pick<CapturePlan, "captureFilter">): string {
  return plan.captureFilter === "" ? "all packets" : `packets that match "${plan.captureFilter}"`;
}

/** The sentence while a capture runs. */
export function runningMessage(
  plan: CapturePlan,
  interfaceName: string,
  warnings: readonly string[],
): string {
  const until = plan.packetCount > 0 ? `, at most ${countText(plan.packetCount, "packet")}` : "";
  const what = `Capturing ${whatIsCaptured(plan)} on ${interfaceName} for ${plan.captureSeconds} s${until}.`;
  return limited([what, ...warnings.map((warning) => `libpcap says: ${warning}.`)].join(" "));
}

/** The sentences of a capture that ran: why it ended, what it has, what it lost. */
export function finalMessage(
  plan: Pick<CapturePlan, "captureFilter">,
  end: { reason: string; message: string },
  statistics: Statistics | undefined,
): string {
  const parts = [end.message === "" ? undefined : asSentence(end.message)];
  if (statistics !== undefined) {
    parts.push(`${countText(statistics.packets, "packet")} captured (${whatIsCaptured(plan)}).`);
    parts.push(removedMessage(statistics), lossMessage(statistics));
  }
  return limited(parts.filter((part) => part !== undefined).join(" "));
}

/** `undefined` where nothing was lost. */
function lossMessage(statistics: Statistics): string | undefined {
  const parts = [
    [statistics.droppedByKernel, "the kernel's ring was full"],
    [statistics.droppedByInterface, "the interface dropped them"],
    [statistics.droppedOnWrite, "they could not be written"],
  ] as const;
  const lost = droppedPackets(statistics);
  if (lost === 0) return undefined;
  const causes = parts.filter(([packets]) => packets > 0).map(([packets, cause]) => `${packets}: ${cause}`);
  return `${countText(lost, "packet")} lost (${causes.join("; ")}).`;
}

function removedMessage(statistics: Statistics): string | undefined {
  if (statistics.packetsRemoved === 0) return undefined;
  return `${countText(statistics.packetsRemoved, "packet")} of them went with ${countText(statistics.filesRemoved, "file")} that the ring of files removed.`;
}

/** All packets that matched and are not in a file. */
export function droppedPackets(statistics: Statistics): number {
  return statistics.droppedByKernel + statistics.droppedByInterface + statistics.droppedOnWrite;
}

function asSentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function limited(text: string): string {
  return text.length <= MAX_MESSAGE ? text : `${text.slice(0, MAX_MESSAGE - 1)}…`;
}
