/** Runs one scenario from empty nodes to empty nodes, and tells what was seen of each. */
import type { ApiServer } from "../kubernetes/api-server.ts";
import { act } from "./act.ts";
import { allEnded, allTold, cleanedUp, START, settled } from "./afterwards.ts";
import { type AgentProgram, sanitizerFindings } from "./agent-program.ts";
import { collectCapture } from "./collect.ts";
import { handleLives, type Lives } from "./lives.ts";
import type { Injection, Observation, ProcessFigures } from "./oracle/observation.ts";
import { type Sampler, startSampler } from "./sample.ts";
import type { FaultKind, Scenario } from "./scenario.ts";
import { makeSite, type Site } from "./site.ts";
import { type CaptureWatch, watchCaptures } from "./watch-captures.ts";

export interface Ran {
  seen: Observation;
  /** What the agents of the node said, for whoever looks for the cause of a finding. */
  log: string;
}

interface Running {
  scenario: Scenario;
  program: AgentProgram;
  site: Site;
  watch: CaptureWatch;
  lives: Lives;
  sampler: Sampler;
}

/** Faults of the API server itself, which every node meets. */
const OF_ALL_NODES: readonly FaultKind[] = ["api-killed", "api-terminated", "etcd-compacted"];

/** @returns the node that faults were done to, then its neighbour, where there is one */
export async function runScenario(
  server: ApiServer,
  scenario: Scenario,
  program: AgentProgram,
): Promise<Ran[]> {
  const nodes: Running[] = [];
  try {
    for (const one of [scenario, ...(scenario.neighbour === undefined ? [] : [scenario.neighbour])])
      nodes.push(await begin(server, one, program));
    const before = await Promise.all(nodes.map(atRest));
    const injected = await Promise.all(nodes.map(({ site, lives, scenario }) => act(site, lives, scenario)));
    const met = (index: number): Injection[] =>
      injected.flatMap((injections, of) =>
        injections.filter(({ kind }) => of === index || OF_ALL_NODES.includes(kind)),
      );
    return await Promise.all(nodes.map((node, index) => finish(node, before[index], met(index))));
  } finally {
    for (const { sampler, watch, site } of nodes) {
      await sampler.stop();
      await watch.close();
      await site.remove();
    }
  }
}

async function begin(server: ApiServer, scenario: Scenario, program: AgentProgram): Promise<Running> {
  const site = await makeSite(server, scenario, program);
  const { captures } = scenario;
  const podName = (stream: string) => site.pods[Number(stream.replace("pod-", ""))]?.name ?? "none";
  const lives = handleLives(server, site.node, captures, podName);
  const names = captures.map(({ name }) => name);
  const sampler = startSampler(site, lives.all, names);
  return { scenario, program, site, watch: watchCaptures(server), lives, sampler };
}

/** Its process, when it is at work and has nothing to do. */
interface Rest {
  pid: number | undefined;
  figures: ProcessFigures | undefined;
}

async function atRest({ site: { agent } }: Pick<Running, "site">): Promise<Rest> {
  await agent.atWork(START);
  return { pid: agent.pid(), figures: agent.figures() };
}

async function finish(node: Running, before: Rest | undefined, injections: Injection[]): Promise<Ran> {
  const { program, site, watch, lives, sampler } = node;
  await allEnded(site, lives, watch);
  await allTold(site, lives, watch, injections);
  await settled(site, lives);
  const endedAt = Date.now();
  await sampler.stop();
  const after = { pid: site.agent.pid(), figures: site.agent.figures() };
  const seen = await collect(site, lives, watch, sampler);
  const process =
    !program.isSanitized &&
    before?.pid === after.pid &&
    before?.figures !== undefined &&
    after.figures !== undefined
      ? { process: { before: before.figures, after: after.figures } }
      : {};
  const leftInHostmount = await cleanedUp(site, lives);
  return {
    seen: {
      ...seen,
      node: site.node,
      injections,
      agentAway: site.agent.away(),
      strangers: site.strangers.look(),
      ofOthers: sampler.ofOthers(),
      leftInHostmount,
      deaths: site.agent.deaths(),
      sanitizer: sanitizerFindings(site.agent.log()),
      ...process,
      endedAt,
    },
    log: site.agent.log(),
  };
}

async function collect(
  site: Site,
  lives: Lives,
  watch: CaptureWatch,
  sampler: Sampler,
): Promise<Pick<Observation, "sent" | "captures">> {
  const captures = [];
  for (const life of lives.all()) captures.push(await collectCapture(site, life, watch, sampler));
  const sent = Object.fromEntries([...site.senders].map(([name, sender]) => [name, sender.batches()]));
  return { sent, captures };
}
