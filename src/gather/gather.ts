import type { Selection } from "../export/selection.ts";
import type { KubernetesApi } from "../kubernetes/api.ts";
import type { Configuration } from "../kubernetes/configuration.ts";
import { createTransport } from "../kubernetes/transport.ts";
import { writeAgentLogs } from "./agent-log.ts";
import { type AgentPod, missingNodes, podsToAsk } from "./cluster-facts.ts";
import { gatherNode, type NodeWatcher, sentenceOf } from "./gather-node.ts";
import { inParallel } from "./in-parallel.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { createNodeTransport } from "./node-transport.ts";
import { PATIENCE } from "./patience.ts";
import type { GatherResult, NodeResult } from "./results.ts";
import { surveyCluster } from "./survey.ts";
import { unseenCaptures } from "./unseen-captures.ts";
import { writeClusterRecords } from "./write-records.ts";

export interface GatherWish {
  namespace: string;
  /** Of captures; all where there are none. */
  names: readonly string[];
  selection: Selection;
  output: string;
}

export interface GatherWorld {
  api: KubernetesApi;
  configuration: Configuration;
  signal: AbortSignal;
  watch(node: string): NodeWatcher;
}

/** Nodes at a time: each is mostly a disk on the other side. */
const NODES_AT_A_TIME = 4;

/**
 * Brings captures, resources, Events and logs of all nodes here.
 * @throws PcapperError where the cluster cannot be asked at all; what went wrong later is in the result
 */
export async function gather(world: GatherWorld, wish: GatherWish): Promise<GatherResult> {
  const { namespace, names } = wish;
  const problems: string[] = [];
  const layout = layoutOf(wish.output);
  const facts = await surveyCluster(world.api, namespace, names, (problem) => problems.push(problem));
  await writeClusterRecords(layout, facts);
  const asked = [...podsToAsk(facts.pods)].sort(([a], [b]) => (a < b ? -1 : 1));
  const nodes = await inParallel(asked, NODES_AT_A_TIME, ([node, pod]) =>
    askNode(world, wish, layout, node, pod),
  );
  const missing = missingNodes(facts, names).map(
    ({ node, why }): NodeResult => ({ node, captures: [], leftOut: [], problems: [why] }),
  );
  return {
    nodes: [...nodes, ...missing],
    problems: [...problems, ...unseenCaptures(facts, names, nodes, missing)],
  };
}

async function askNode(
  { api, configuration, signal, watch }: GatherWorld,
  { namespace, names, selection }: GatherWish,
  layout: Layout,
  node: string,
  pod: AgentPod,
): Promise<NodeResult> {
  const here = layout.node(node);
  const transport = createNodeTransport({ api, configuration, namespace }, node, pod);
  const world = { transport, patience: PATIENCE, signal, watcher: watch(node) };
  const result = await gatherNode(world, { node, names, selection, layout: here });
  const logs = createTransport(configuration);
  try {
    await writeAgentLogs(logs, { namespace, pod, layout: here, since: selection.since, signal });
  } catch (error) {
    result.problems.push(`the agent's log was not fetched: ${sentenceOf(error)}`);
  } finally {
    logs.close();
  }
  return { ...result, pod: pod.metadata.name };
}
