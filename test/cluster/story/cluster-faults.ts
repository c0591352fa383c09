import { setTimeout as pause } from "node:timers/promises";
import { waitUntil } from "../../helpers/wait-until.ts";
import { NODES, type NodeAddresses } from "../addresses.ts";
import { findPrograms } from "../cluster.ts";
import { API_SERVER, startApiServer } from "../control-plane.ts";
import { daemonPid } from "../daemon.ts";
import { holderPid } from "../holder.ts";
import { containerdOf, kubeletOf, startContainerd, startKubelet } from "../node.ts";
import { agentOn, agentsReady, NAMESPACE } from "./installation.ts";
import { agentProcess } from "./processes.ts";
import { kubectl, mustKubectl, place } from "./test-cluster.ts";

/** A fault of a real node or of the control plane. */
interface ClusterFault {
  /** Whether the agent of that node is another process afterwards: its captures say so. */
  replacesAgent: boolean;
  /** Resolves when it is undone, and the cluster is whole again. */
  inject(node: NodeAddresses): Promise<void>;
}

/** Milliseconds without what was killed. */
const AWAY = 4000;
/** Longer than an agent of a DaemonSet is given to answer its probes, and than a flush. */
const FROZEN = 6000;

export const CLUSTER_FAULTS = {
  "agent-killed": {
    replacesAgent: true,
    inject: async ({ name }) => {
      const pid = agentProcess(name);
      process.kill(pid, "SIGKILL");
      await waitUntil(`${name} has another agent`, () => anotherAgent(name, pid), 90);
    },
  },
  "agent-pod-deleted": {
    replacesAgent: true,
    inject: async ({ name }) => {
      await mustKubectl("delete", "pod", (await agentOn(name)).name, "-n", NAMESPACE, "--wait");
    },
  },
  "agent-frozen": {
    replacesAgent: false,
    inject: async ({ name }) => {
      const pid = agentProcess(name);
      process.kill(pid, "SIGSTOP");
      await pause(FROZEN);
      process.kill(pid, "SIGCONT");
    },
  },
  "kubelet-killed": {
    replacesAgent: false,
    inject: async (node) => {
      killDaemon(kubeletOf(node.name));
      await pause(AWAY);
      startKubelet(place, node, await findPrograms());
    },
  },
  "containerd-killed": {
    replacesAgent: false,
    inject: async (node) => {
      killDaemon(containerdOf(node.name));
      await pause(AWAY);
      await startContainerd(place, node, await findPrograms());
    },
  },
  "api-killed": {
    replacesAgent: false,
    inject: async () => {
      killDaemon(API_SERVER);
      await pause(AWAY);
      startApiServer(place, holderPid(place, "control-plane"), await findPrograms());
      await waitUntil(
        "the API server is ready",
        async () => {
          return (await kubectl("get", "--raw", "/readyz")).stdout === "ok";
        },
        60,
      );
    },
  },
} as const satisfies Record<string, ClusterFault>;

export type ClusterFaultKind = keyof typeof CLUSTER_FAULTS;

/** Injects, and waits until both nodes and agents are Ready again. */
export async function inject(kind: ClusterFaultKind, nodeName: string): Promise<void> {
  const node = NODES.find(({ name }) => name === nodeName);
  if (node === undefined) throw new Error(`there is no ${nodeName}`);
  await CLUSTER_FAULTS[kind].inject(node);
  await mustKubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=90s");
  await agentsReady();
}

function killDaemon(name: string): void {
  const pid = daemonPid(place, name);
  if (pid === undefined) throw new Error(`${name} does not run`);
  process.kill(pid, "SIGKILL");
}

function anotherAgent(node: string, before: number): boolean {
  try {
    return agentProcess(node) !== before;
  } catch {
    return false;
  }
}
