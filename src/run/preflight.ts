import { hostname } from "node:os";
import { join } from "node:path";
import { recordsRoom } from "../agent/limits.ts";
import { type CapturePlan, planCapture } from "../api/plan.ts";
import type { PacketCapture } from "../api/resource.ts";
import type { Native, NativeError } from "../capture/native.ts";
import { type Problem, throwProblems } from "../errors.ts";
import { interfaceNames, knownInterfacesText } from "./interface-names.ts";
import { outputProblem } from "./output-folder.ts";

/**
 * Looks at everything that can be seen to be wrong before the first capture starts, and writes nothing.
 * @throws PcapperError with all problems found, of all documents
 */
export async function preflight(
  native: Native,
  captures: readonly PacketCapture[],
  output: string,
): Promise<void> {
  const plans = captures.map((capture) => ({ capture, plan: planCapture(capture.spec) }));
  throwProblems(plans.flatMap(({ capture, plan }) => targetProblem(native, capture, plan) ?? []));
  throwProblems(outputProblems(native, plans, output));
  const opened = await Promise.all(plans.map(({ capture, plan }) => openProblem(native, capture, plan)));
  throwProblems(opened.filter((problem) => problem !== undefined));
}

/** Whether `node` names this machine. */
export function isThisMachine(node: string): boolean {
  return node === "localhost" || node === hostname();
}

function targetProblem(
  native: Native,
  { metadata }: PacketCapture,
  { target }: CapturePlan,
): Problem | undefined {
  if (target.kind === "pod") {
    return unsupported(
      `${metadata.name}: spec.targetPod is "${target.pod}": a pod is captured by the agent in its cluster; here write targetNode: localhost and a targetInterface.`,
    );
  }
  if (!isThisMachine(target.node)) {
    return unsupported(
      `${metadata.name}: spec.targetNode is "${target.node}": this machine is "${hostname()}"; write that or localhost.`,
    );
  }
  if (target.interfaceName === "any" || native.interfaceIndex(target.interfaceName) > 0) return undefined;
  return {
    code: "PCAPPER_INTERFACE_NOT_FOUND",
    message: `${metadata.name}: spec.targetInterface is "${target.interfaceName}": there is no such interface.${knownInterfacesText(interfaceNames())}`,
  };
}

function unsupported(message: string): Problem {
  return { code: "PCAPPER_UNSUPPORTED_TARGET", message };
}

function outputProblems(
  native: Native,
  plans: readonly { capture: PacketCapture; plan: CapturePlan }[],
  output: string,
): Problem[] {
  const bytes = plans.reduce((sum, { plan }) => sum + recordsRoom(plan.fileCount), 0);
  const folders = [output, ...plans.map(({ capture }) => join(output, capture.metadata.name))];
  for (const folder of folders) {
    const problem = outputProblem(native, folder, { bytes, captures: plans.length });
    if (problem !== undefined) return [problem];
  }
  return [];
}

async function openProblem(
  native: Native,
  capture: PacketCapture,
  plan: CapturePlan,
): Promise<Problem | undefined> {
  const { captureFilter: filter, snapLength, promiscuous } = plan;
  const interfaceName = plan.target.interfaceName ?? "";
  try {
    await native.tryOpen({ networkNamespace: "", interfaceName, filter, snapLength, promiscuous });
    return undefined;
  } catch (error) {
    const { code, message } = error as NativeError;
    // The rest is no wrong use: the capture itself fails with it, and its status says so.
    return code === "InterfaceDown"
      ? filterProblem(native, capture, plan)
      : problemOf(capture, plan, code, message);
  }
}

/** An interface that is down cannot be opened, so its filter is checked as for Ethernet. */
async function filterProblem(
  native: Native,
  capture: PacketCapture,
  plan: CapturePlan,
): Promise<Problem | undefined> {
  try {
    await native.compileFilter(plan.captureFilter, "EN10MB", plan.snapLength);
    return undefined;
  } catch (error) {
    const { code, message } = error as NativeError;
    return problemOf(capture, plan, code, message);
  }
}

function problemOf(
  { metadata }: PacketCapture,
  plan: CapturePlan,
  code: string,
  message: string,
): Problem | undefined {
  const text = message.replace(/\.$/, "");
  switch (code) {
    case "InvalidFilter":
      return {
        code: "PCAPPER_INVALID_FILTER",
        message: `${metadata.name}: spec.captureFilter is "${excerpt(plan.captureFilter)}": ${text}.`,
      };
    case "PermissionDenied":
      return {
        code: "PCAPPER_NOT_PERMITTED",
        message: `${metadata.name}: ${text}: capturing needs CAP_NET_RAW; run it with sudo, give the right to node with "setcap cap_net_raw+ep", or try it in a namespace of its own with "unshare -Urn".`,
      };
    case "InterfaceNotFound":
      return {
        code: "PCAPPER_INTERFACE_NOT_FOUND",
        message: `${metadata.name}: spec.targetInterface: ${text}.`,
      };
    default:
      return undefined;
  }
}

function excerpt(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 79)}…`;
}
