import { byteSizeText } from "../byte-size.ts";
import { countText } from "../count-text.ts";
import type { CapturePlan } from "./plan.ts";

function targetText({ target }: CapturePlan): string {
  if (target.kind === "node") return `node ${target.node}, interface ${target.interfaceName}`;
  const on = target.interfaceName === undefined ? "" : `, interface ${target.interfaceName}`;
  return `pod ${target.namespace}/${target.pod}${on}`;
}

function filesText({ fileCount, maxFileSize, worstCaseBytes }: CapturePlan): string {
  if (fileCount === 1) return `1 file of at most ${byteSizeText(maxFileSize)}`;
  return `${fileCount} files of ${byteSizeText(maxFileSize)}, at most ${byteSizeText(worstCaseBytes)}`;
}

/** What a capture will do, on one line; says "all packets" so that a forgotten filter shows. */
export function planText(plan: CapturePlan): string {
  const { captureFilter, captureSeconds, packetCount, snapLength } = plan;
  const end =
    packetCount === 0 ? `${captureSeconds} s` : `${captureSeconds} s or ${countText(packetCount, "packet")}`;
  const parts = [
    targetText(plan),
    captureFilter === "" ? "all packets" : `filter "${captureFilter.replace(/\s+/g, " ")}"`,
    end,
    filesText(plan),
    ...(snapLength < 262_144 ? [`${countText(snapLength, "byte")} of each packet`] : []),
  ];
  return parts.join("; ");
}
