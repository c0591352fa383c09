import { hostname } from "node:os";
import { join } from "node:path";
import { recordsRoom } from "../agent/limits.ts";
import type { LocatedCapture } from "../api/manifest-file.ts";
import { type CapturePlan, planCapture } from "../api/plan.ts";
import type { Native, NativeError } from "../capture/native.ts";
import { type Problem, throwProblems } from "../errors.ts";
import { interfaceNames, knownInterfacesText } from "./interface-names.ts";
import { captureFolderProblem, outputProblem } from "./output-folder.ts";

/** A capture of the manifest with its plan. */
interface Planned extends LocatedCapture {
  plan: CapturePlan;
}

/**
 * Looks at everything that can be seen to be wrong before the first capture starts, and writes nothing.
 * @throws PcapperError with all problems found, of all documents
 */
export async function preflight(
  native: Native,
  captures: readonly LocatedCapture[],
  output: string,
): Promise<void> {
  const plans = captures.map((located) => ({ ...located, plan: planCapture(located.capture.spec) }));
  throwProblems(plans.flatMap((planned) => targetProblem(native, planned) ?? []));
  throwProblems(outputProblems(native, plans, output));
  const opened = await Promise.all(plans.map((planned) => openProblem(native, planned)));
  throwProblems(opened.filter((problem) => problem !== undefined));
}

/** Whether `node` names this machine. */
export function isThisMachine(node: string): boolean {
  return node === "localhost" || node === hostname();
}

function targetProblem(native: Native, { where, plan: { target } }: Planned): Problem | undefined {
  if (target.kind === "pod") {
    return unsupported(
      `${where(["spec", "targetPod"])}: spec.targetPod is "${target.pod}": a pod is captured by the agent in its cluster; here write targetNode: localhost and a targetInterface`,
    );
  }
  if (!isThisMachine(target.node)) {
    return unsupported(
      `${where(["spec", "targetNode"])}: spec.targetNode is "${target.node}": this machine is "${hostname()}"; write that or localhost`,
    );
  }
  if (target.interfaceName === "any" || native.interfaceIndex(target.interfaceName) > 0) return undefined;
  return {
    code: "PCAPPER_INTERFACE_NOT_FOUND",
    message: `${where(["spec", "targetInterface"])}: spec.targetInterface is "${target.interfaceName}": there is no such interface${knownInterfacesText(interfaceNames())}`,
  };
}

function unsupported(message: string): Problem {
  return { code: "PCAPPER_UNSUPPORTED_TARGET", message };
}

function outputProblems(native: Native, plans: readonly Planned[], output: string): Problem[] {
  const bytes = plans.reduce((sum, { plan }) => sum + recordsRoom(plan.fileCount), 0);
  const needs = { bytes, captures: plans.length };
  const problem = outputProblem(native, output, needs);
  if (problem !== undefined) return [problem];
  const names = new Set(plans.map(({ capture }) => capture.metadata.name));
  return [...names].flatMap((name) => captureFolderProblem(native, join(output, name), needs) ?? []);
}

async function openProblem(native: Native, planned: Planned): Promise<Problem | undefined> {
  const { plan } = planned;
  const { captureFilter: filter, snapLength, promiscuous } = plan;
  const interfaceName = plan.target.interfaceName ?? "";
  try {
    await native.tryOpen({ networkNamespace: "", interfaceName, filter, snapLength, promiscuous });
    return undefined;
  } catch (error) {
    const { code, message } = error as NativeError;
    // The rest is no wrong use: the capture itself fails with it, and its status says so.
    return code === "InterfaceDown" ? filterProblem(native, planned) : problemOf(planned, code, message);
  }
}

/** An interface that is down cannot be opened, so its filter is checked as for Ethernet. */
async function filterProblem(native: Native, planned: Planned): Promise<Problem | undefined> {
  const { plan } = planned;
  try {
    await native.compileFilter(plan.captureFilter, "EN10MB", plan.snapLength);
    return undefined;
  } catch (error) {
    const { code, message } = error as NativeError;
    return problemOf(planned, code, message);
  }
}

function problemOf({ plan, where }: Planned, code: string, message: string): Problem | undefined {
  const text = message.replace(/\.$/, "");
  switch (code) {
    case "InvalidFilter":
      return {
        code: "PCAPPER_INVALID_FILTER",
        message: `${where(["spec", "captureFilter"])}: spec.captureFilter is "${excerpt(plan.captureFilter)}": ${text}`,
      };
    case "PermissionDenied":
      return {
        code: "PCAPPER_NOT_PERMITTED",
        message: `${where(["spec", "targetInterface"])}: ${text}: capturing needs CAP_NET_RAW; run it with sudo, or try it in a network namespace of its own with "unshare -Urn"`,
      };
    case "InterfaceNotFound":
      return {
        code: "PCAPPER_INTERFACE_NOT_FOUND",
        message: `${where(["spec", "targetInterface"])}: spec.targetInterface: ${text}`,
      };
    default:
      return undefined;
  }
}

function excerpt(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
