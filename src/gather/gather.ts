import type { Selection } from "../export/selection.ts";
import type { KubernetesApi } from "../kubernetes/api.ts";
import type { Configuration } from "../kubernetes/configuration.ts";
import { createTransport } from "../kubernetes/transport.ts";
import { writeAgentLogs } from "./agent-log.ts";
import { createAgentOfNode } from "./agent-of-node.ts";
import type { ClusterFacts } from "./cluster-facts.ts";
import { createEndOf } from "./ended-captures.ts";
import { gatherNode, type NodeWatcher, sentenceOf } from "./gather-node.ts";
import { inParallel } from "./in-parallel.ts";
import { type Layout, layoutOf } from "./layout.ts";
import { createNodeTransport } from "./node-transport.ts";
import { PATIENCE } from "./patience.ts";
import { missingNodes, type Place, placesToAsk, unservedNodes } from "./places.ts";
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
  await writeClusterRecords(layout, facts).catch((error: Error) =>
    problems.push(`resources and Events were not written: ${error.message}`),
  );
  const ask = (place: Place) => askNode(world, wish, facts, layout, place);
  const nodes = await inParallel(placesToAsk(facts, names), NODES_AT_A_TIME, ask);
  const missing = missingNodes(facts, names).map(
    ({ node, why }): NodeResult => ({ node, captures: [], leftOut: [], notes: [], problems: [why] }),
  );
  return {
    nodes: [...nodes.sort((a, b) => (a.node < b.node ? -1 : 1)), ...missing],
    problems: [...problems, ...unservedNodes(facts, names), ...unseenCaptures(facts, names, nodes, missing)],
  };
}

async function askNode(
  { api, configuration, signal, watch }: GatherWorld,
  { namespace, names, selection }: GatherWish,
  facts: ClusterFacts,
  layout: Layout,
  place: Place,
): Promise<NodeResult> {
  const { node } = place;
  const here = layout.node(node);
  const agent = createAgentOfNode(api, namespace, place);
  const transport = createNodeTransport(configuration, namespace, agent);
  const endOf = createEndOf(api, facts);
  const world = { transport, patience: PATIENCE, signal, endOf, watcher: watch(node) };
  const result = await gatherNode(world, { node, names, selection, layout: here });
  const logs = createTransport(configuration);
  try {
    const wish = { namespace, agent, layout: here, since: selection.since, signal };
    result.notes.push(...(await writeAgentLogs(logs, wish)));
  } catch (error) {
    result.problems.push(`the agent's log was not fetched: ${sentenceOf(error)}`);
  } finally {
    logs.close();
  }
  const pod = agent.lastName();
  return { ...result, ...(pod !== undefined && { pod }) };
}
