/** Runs one scenario from an empty node to an empty node, and tells what was seen of it. */
import type { ApiServer } from "../kubernetes/api-server.ts";
import { act } from "./act.ts";
import { allEnded, allTold, cleanedUp, START, settled } from "./afterwards.ts";
import { type AgentProgram, sanitizerFindings } from "./agent-program.ts";
import { collectCapture } from "./collect.ts";
import { handleLives, type Lives } from "./lives.ts";
import type { Observation } from "./oracle/observation.ts";
import { type Sampler, startSampler } from "./sample.ts";
import type { Scenario } from "./scenario.ts";
import { makeSite, type Site } from "./site.ts";
import { type CaptureWatch, watchCaptures } from "./watch-captures.ts";

export interface Ran {
  seen: Observation;
  /** What the agents of the node said, for whoever looks for the cause of a finding. */
  log: string;
}

export async function runScenario(
  server: ApiServer,
  scenario: Scenario,
  program: AgentProgram,
): Promise<Ran> {
  const site = await makeSite(server, scenario, program);
  const watch = watchCaptures(server);
  const podName = (stream: string) => site.pods[Number(stream.replace("pod-", ""))]?.name ?? "none";
  const lives = handleLives(server, site.node, scenario.captures, podName);
  const sampler = startSampler(site, lives.all);
  try {
    await site.agent.atWork(START);
    const before = { pid: site.agent.pid(), figures: site.agent.figures() };
    const injections = await act(site, lives, scenario);
    await allEnded(site, lives, watch);
    await allTold(site, lives, watch, injections);
    await settled(site, lives);
    const endedAt = Date.now();
    await sampler.stop();
    const after = { pid: site.agent.pid(), figures: site.agent.figures() };
    const seen = await collect(site, lives, watch, sampler);
    const process =
      !program.isSanitized &&
      before.pid === after.pid &&
      before.figures !== undefined &&
      after.figures !== undefined
        ? { process: { before: before.figures, after: after.figures } }
        : {};
    const leftInHostmount = await cleanedUp(site, lives);
    return {
      seen: {
        ...seen,
        injections,
        agentAway: site.agent.away(),
        strangers: site.strangers.look(),
        leftInHostmount,
        deaths: site.agent.deaths(),
        sanitizer: sanitizerFindings(site.agent.log()),
        ...process,
        endedAt,
      },
      log: site.agent.log(),
    };
  } finally {
    await sampler.stop();
    await watch.close();
    await site.remove();
  }
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
