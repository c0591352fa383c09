import { waitUntil } from "../../helpers/wait-until.ts";
import { chartFolder, valueOptions } from "../../kubernetes/helm.ts";
import { NODES } from "../addresses.ts";
import { IMAGE_NAMES } from "../images/images.ts";
import { mustKubectl, onCluster, read } from "./test-cluster.ts";

export const NAMESPACE = "pcapper";

const [repository = "", tag = ""] = IMAGE_NAMES.agent.split(":");

/** Values of a test: this image, and limits for a machine whose disk may be nearly full. */
function values(settings: Record<string, unknown>): string[] {
  return valueOptions({
    image: { repository, tag, pullPolicy: "Never" },
    settings: { minFreeDisk: "1M", ...settings },
  });
}

/** As the documents say it, then waits until an agent is Ready on every node. */
export async function install(settings: Record<string, unknown> = {}): Promise<void> {
  await onCluster(
    "install",
    "pcapper",
    chartFolder,
    "-n",
    NAMESPACE,
    "--create-namespace",
    ...values(settings),
  );
  await agentsReady();
}

export async function upgrade(settings: Record<string, unknown>): Promise<void> {
  await onCluster("upgrade", "pcapper", chartFolder, "-n", NAMESPACE, ...values(settings));
  await agentsReady();
}

/** Resolves when the release and its pods are gone. */
export async function uninstall(): Promise<void> {
  await onCluster("uninstall", "pcapper", "-n", NAMESPACE, "--wait");
  await waitUntil("no agent is left", async () => (await agentPods()).length === 0, 90);
}

export async function agentsReady(): Promise<void> {
  await mustKubectl("rollout", "status", "daemonset/pcapper", "-n", NAMESPACE, "--timeout=120s");
  await waitUntil("an agent is Ready on every node", async () => {
    const pods = (await agentPods()).filter(({ ready, going }) => ready && !going);
    return pods.length === NODES.length;
  });
}

export interface AgentPod {
  name: string;
  node: string;
  ready: boolean;
  /** It is being deleted. */
  going: boolean;
}

interface StoredPod {
  metadata: { name: string; deletionTimestamp?: string };
  spec: { nodeName?: string };
  status: { conditions?: { type: string; status: string }[] };
}

export async function agentPods(): Promise<AgentPod[]> {
  const { items } = await read<{ items: StoredPod[] }>(
    "pods",
    "-n",
    NAMESPACE,
    "-l",
    "app.kubernetes.io/name=pcapper",
  );
  return items.map(({ metadata, spec, status }) => ({
    name: metadata.name,
    node: spec.nodeName ?? "",
    ready: status.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false,
    going: metadata.deletionTimestamp !== undefined,
  }));
}

export async function agentOn(node: string): Promise<AgentPod> {
  const pod = (await agentPods()).find((one) => one.node === node && !one.going);
  if (pod === undefined) throw new Error(`${node} has no agent`);
  return pod;
}
