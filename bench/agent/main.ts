/** npm run bench:agent: what an agent costs an API server and a node. docs/performance.md says what and how. */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeMachine } from "../machine.ts";
import { claimTheBench } from "../one-bench.ts";
import { outFolder } from "../toolbox.ts";
import { undoOnEveryExit } from "../undo.ts";
import { writeDocs } from "../write-results.ts";
import { measureLatency } from "./latency.ts";
import { measureMemory } from "./memory.ts";
import { type AgentBenchOptions, type Part, readAgentBenchOptions } from "./options.ts";
import { measureRequests } from "./requests.ts";
import type { AgentResults } from "./results.ts";
import { isApart } from "./service-account.ts";
import { makeSite, type Site } from "./site.ts";
import { agentTables } from "./tables.ts";
import { measureWatchTraffic } from "./watch-traffic.ts";

const say = (line: string): boolean => process.stderr.write(`bench: ${line}\n`);

type Measure = (site: Site, options: AgentBenchOptions, results: AgentResults) => Promise<void>;

const MEASURES: Record<Part, Measure> = {
  latency: async (site, { captures }, results) => {
    results.latency = await measureLatency(site, captures, say);
  },
  watch: async (site, { smoke }, results) => {
    results.watch = await measureWatchTraffic(site, smoke ? 12 : undefined);
    const heard = Object.keys(results.watch.whileRunning);
    if (heard.length > 0) results.wrong.push(`an idle agent was sent ${heard.join(", ")}`);
    if (results.watch.updatesOfOthers === 0) results.wrong.push("no status was refreshed");
  },
  requests: (site, options, results) => measureRequests(site, options, results, say),
  memory: (site, { resources, smoke }, results) =>
    measureMemory(site, resources, results.memory, say, smoke ? 1000 : undefined),
};

async function main(): Promise<number> {
  const options = readAgentBenchOptions(process.argv.slice(2));
  if (process.getuid?.() !== 0 || !isApart()) {
    say("the bench needs root, and a network of its own that its script makes: sudo npm run bench:agent");
    return 2;
  }
  undoOnEveryExit();
  const other = claimTheBench();
  if (other !== undefined) {
    say(`another bench is running: wait for process ${other}`);
    return 2;
  }
  const machine = await describeMachine(tmpdir());
  const { smoke } = options;
  const time = new Date().toISOString();
  const results: AgentResults = { time, machine, smoke, latency: [], requests: [], memory: [], wrong: [] };
  for (const part of options.only) {
    say(part);
    const site = await makeSite();
    try {
      await MEASURES[part](site, options, results);
    } catch (error) {
      results.wrong.push(`${part}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      await site.close();
    }
  }
  const tables = agentTables(results);
  mkdirSync(outFolder, { recursive: true });
  writeFileSync(join(outFolder, "agent.json"), `${JSON.stringify(results, null, 1)}\n`);
  writeFileSync(join(outFolder, "agent.md"), tables);
  if (options.writeDocs) await writeDocs(tables, "bench of the agent");
  process.stdout.write(tables);
  for (const problem of results.wrong) say(`wrong: ${problem}`);
  return results.wrong.length > 0 ? 1 : 0;
}

// Not everything that is waited for keeps a process alive: what removes the API server's data does not.
setInterval(() => undefined, 60_000);
process.exit(await main());
