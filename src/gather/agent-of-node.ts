import type { KubernetesApi } from "../kubernetes/api.ts";
import { KubernetesError } from "../kubernetes/api.ts";
import { isTransient } from "../kubernetes/kubernetes-error.ts";
import { type AgentPod, podsToAsk } from "./agent-pods.ts";
import { ConnectionLost, ExportRefused } from "./export-transport.ts";
import type { Place } from "./places.ts";
import { agentPods } from "./survey.ts";

/** Whatever pod is a node's agent at the time: a new one after an upgrade has the same files. */
export interface AgentOfNode {
  /** @throws ConnectionLost where there is none at the moment, ExportRefused where we may not look */
  pod(): Promise<AgentPod>;
  /** It did not answer: who asks next looks it up anew. */
  forget(): void;
  /** The name of the one that was asked last. */
  lastName(): string | undefined;
}

export function createAgentOfNode(
  api: Pick<KubernetesApi, "list">,
  namespace: string,
  { node, pod: first }: Place,
): AgentOfNode {
  let pod = first;
  let lastName = first?.metadata.name;
  return {
    pod: async () => {
      pod ??= await currentPod(api, namespace, node);
      lastName = pod.metadata.name;
      return pod;
    },
    forget: () => {
      pod = undefined;
    },
    lastName: () => lastName,
  };
}

async function currentPod(
  api: Pick<KubernetesApi, "list">,
  namespace: string,
  node: string,
): Promise<AgentPod> {
  try {
    const pod = podsToAsk(await agentPods(api, namespace, node)).get(node);
    if (pod !== undefined) return pod;
  } catch (error) {
    if (isTransient(error)) throw new ConnectionLost(error.message);
    throw error instanceof KubernetesError ? new ExportRefused(error.message) : error;
  }
  throw new ConnectionLost("no agent's pod runs there");
}
