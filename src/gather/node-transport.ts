import type { KubernetesApi } from "../kubernetes/api.ts";
import { KubernetesError } from "../kubernetes/api.ts";
import type { Configuration } from "../kubernetes/configuration.ts";
import { isTransient } from "../kubernetes/kubernetes-error.ts";
import { type AgentPod, podsToAsk } from "./cluster-facts.ts";
import { ConnectionLost, ExportRefused, type ExportTransport } from "./export-transport.ts";
import { execInPod } from "./pod-exec.ts";
import { agentPods } from "./survey.ts";

/** Runs exports in whatever pod is a node's agent at the time: a new one after an upgrade has the same files. */
export function createNodeTransport(
  { api, configuration, namespace }: { api: KubernetesApi; configuration: Configuration; namespace: string },
  node: string,
  firstPod: AgentPod,
): ExportTransport {
  let pod: AgentPod | undefined = firstPod;
  return {
    exec: async (args, onStdout, signal) => {
      pod ??= await currentPod(api, namespace, node);
      try {
        const name = { namespace, name: pod.metadata.name };
        return await execInPod(configuration, name, args, onStdout, signal);
      } catch (error) {
        pod = undefined;
        throw error;
      }
    },
  };
}

async function currentPod(api: KubernetesApi, namespace: string, node: string): Promise<AgentPod> {
  try {
    const pod = podsToAsk(await agentPods(api, namespace, node)).get(node);
    if (pod !== undefined) return pod;
  } catch (error) {
    if (isTransient(error)) throw new ConnectionLost(error.message);
    throw error instanceof KubernetesError ? new ExportRefused(error.message) : error;
  }
  throw new ConnectionLost("no agent's pod runs there");
}
