/**
 * One file of libcni's result cache: which namespace a runtime (containerd, CRI-O) gave to which pod.
 * The layout is libcni's cachedInfo, kind "cniCacheV1"; `netns` is there since libcni 1.2, older ones
 * have the path only as `sandbox` of the result's interfaces.
 */
import { basename, dirname } from "node:path";

export interface CniAttachment {
  file: string;
  /** The pod as the runtime told the plugins (CNI_ARGS). Runtimes of old give no UID. */
  pod: { uid?: string; namespace?: string; name?: string };
  /** Name of the interface inside the pod. */
  interfaceName: string;
  /** Path of the namespace on the host. */
  namespacePath: string;
}

export interface SkippedFile {
  file: string;
  why: string;
}

export function isSkipped(result: CniAttachment | SkippedFile): result is SkippedFile {
  return "why" in result;
}

export function parseCniResult(file: string, text: string): CniAttachment | SkippedFile {
  const skipped = (why: string): SkippedFile => ({ file, why });
  const cached = parseObject(text);
  if (cached === undefined) return skipped("not a JSON object");
  if (cached.kind !== "cniCacheV1") return skipped("not of kind cniCacheV1");
  const pod = podOf(cached.cniArgs);
  if (pod.uid === undefined && pod.name === undefined) return skipped("names no pod");
  const namespacePath = pathOfNamespace(cached);
  if (namespacePath === undefined) return skipped("names no network namespace");
  return { file, pod, interfaceName: textOf(cached.ifName) ?? "", namespacePath };
}

/**
 * The host's /run/netns is mounted elsewhere here, so only the base name of a path counts. undefined where
 * the path is of another folder (cri-dockerd: /proc/PID/ns/net) and no name there can mean it.
 */
export function mountedName({ namespacePath }: CniAttachment): string | undefined {
  const name = basename(namespacePath);
  return basename(dirname(namespacePath)) === "netns" && name !== ".." && name !== "." ? name : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

const POD_ARGS = { K8S_POD_UID: "uid", K8S_POD_NAMESPACE: "namespace", K8S_POD_NAME: "name" } as const;

function podOf(cniArgs: unknown): CniAttachment["pod"] {
  const pod: CniAttachment["pod"] = {};
  if (!Array.isArray(cniArgs)) return pod;
  for (const pair of cniArgs) {
    if (!Array.isArray(pair)) continue;
    const [name, value] = [textOf(pair[0]), textOf(pair[1])];
    if (name === undefined || value === undefined || !(name in POD_ARGS)) continue;
    pod[POD_ARGS[name as keyof typeof POD_ARGS]] = value;
  }
  return pod;
}

function pathOfNamespace(cached: Record<string, unknown>): string | undefined {
  const netns = textOf(cached.netns);
  if (netns !== undefined) return netns;
  const result = cached.result;
  const interfaces = isObject(result) ? result.interfaces : undefined;
  if (!Array.isArray(interfaces)) return undefined;
  const sandboxes = interfaces.map((known) => (isObject(known) ? textOf(known.sandbox) : undefined));
  return sandboxes.find((sandbox) => sandbox !== undefined);
}
