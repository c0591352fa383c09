import type { Native } from "../capture/native.ts";
import type { Problem } from "../errors.ts";
import type { CapturePlan } from "./plan.ts";

/** The kernel takes no longer program; libpcap would then filter in user space, too slowly. */
const MOST_INSTRUCTIONS = 4096;

/** The link type that an interface of this name most probably has. */
function likelyLinkType({ target }: CapturePlan): string {
  return target.interfaceName === "any" ? "LINUX_SLL" : "EN10MB";
}

function filterText({ captureFilter }: CapturePlan): string {
  return captureFilter.length <= 80 ? captureFilter : `${captureFilter.slice(0, 80)}…`;
}

/** Why `InvalidFilter`, in libpcap's own words; undefined where the filter is good. */
async function troubleOf(native: Native, plan: CapturePlan): Promise<string | undefined> {
  try {
    const { instructions } = await native.compileFilter(
      plan.captureFilter,
      likelyLinkType(plan),
      plan.snapLength,
    );
    if (instructions <= MOST_INSTRUCTIONS) return undefined;
    return `it compiles to ${instructions} instructions, the kernel takes at most ${MOST_INSTRUCTIONS}`;
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error) || error.code !== "InvalidFilter") throw error;
    return error.message.replace(/\.$/, "");
  }
}

/** Compiles the filter without opening anything; `where` is its `FILE:LINE:COLUMN`. */
export async function filterProblem(
  native: Native,
  where: string,
  plan: CapturePlan,
): Promise<Problem | undefined> {
  const trouble = await troubleOf(native, plan);
  if (trouble === undefined) return undefined;
  const message = `${where}: spec.captureFilter is "${filterText(plan)}": ${trouble}`;
  return { code: "PCAPPER_INVALID_FILTER", message };
}
