import type { Configuration } from "../kubernetes/configuration.ts";
import type { AgentOfNode } from "./agent-of-node.ts";
import type { ExportTransport } from "./export-transport.ts";
import { execInPod } from "./pod-exec.ts";

/** Runs exports in whatever pod is a node's agent at the time. */
export function createNodeTransport(
  configuration: Configuration,
  namespace: string,
  agent: AgentOfNode,
): ExportTransport {
  return {
    exec: async (args, onStdout, signal) => {
      const { metadata } = await agent.pod();
      try {
        return await execInPod(configuration, { namespace, name: metadata.name }, args, onStdout, signal);
      } catch (error) {
        agent.forget();
        throw error;
      }
    },
  };
}
