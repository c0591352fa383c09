/** Scenario after scenario against one API server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { applyAgentRbac, applyCrd } from "../kubernetes/packet-captures.ts";
import { type AgentProgram, SHIPPED, sanitizedProgram } from "./agent-program.ts";
import { drawScenario } from "./draw-scenario.ts";
import type { Options } from "./options.ts";
import { judge } from "./oracle/judge.ts";
import { type Result, resultOf } from "./result.ts";
import { type Ran, runScenario } from "./run-scenario.ts";
import type { Scenario } from "./scenario.ts";
import { PODS } from "./site.ts";

/** Where a scenario that a judge objected to is kept. */
const KEPT = join(import.meta.dirname, "../../build/faults");

export async function runCampaign(options: Options, say: (line: string) => void): Promise<Result[]> {
  const program = options.sanitize ? await sanitizedProgram() : SHIPPED;
  const end = performance.now() + options.time;
  const results: Result[] = [];
  const job = async (): Promise<void> => {
    const server = await startApiServer();
    try {
      await applyCrd(server);
      for (const namespace of ["pcapper", PODS]) await makeNamespace(server.admin, namespace);
      await applyAgentRbac(server);
      while (performance.now() < end) {
        const { value: seed, done } = options.seeds.next();
        if (done === true) return;
        results.push(await runSeed(server, seed, { ...options, program }, say));
      }
    } finally {
      await server.stop();
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, job));
  return results.sort((a, b) => a.seed - b.seed);
}

async function runSeed(
  server: ApiServer,
  seed: number,
  { keep, program }: Options & { program: AgentProgram },
  say: (line: string) => void,
): Promise<Result> {
  const scenario = drawScenario(seed);
  const begin = performance.now();
  let ran: Ran[];
  try {
    ran = await runScenario(server, scenario, program);
  } catch (error) {
    say(`seed ${seed}: NOT RUN: ${(error as Error).stack}`);
    return notRun(seed, (error as Error).message);
  }
  const seen = ran.map((node) => node.seen);
  const findings = seen.flatMap(judge);
  const result = resultOf(scenario, seen, findings);
  const seconds = Math.round((performance.now() - begin) / 1000);
  for (const line of linesOf(scenario, result, seconds)) say(line);
  if (keep || findings.length > 0)
    say(`  kept in ${keepOnDisk(seed, { scenario, findings, seen: seen[0], neighbour: seen[1] }, ran)}`);
  return result;
}

/** The campaign itself is at fault: no fault is counted, and the scenario has failed. */
function notRun(seed: number, text: string): Result {
  const finding = { rule: "not run", kind: "untrue", capture: "", text } as const;
  return { seed, faults: [], captures: 0, packets: 0, worst: 0, findings: [finding] };
}

function linesOf({ seed, faults }: Scenario, result: Result, seconds: number): string[] {
  const { findings, captures, packets, worst } = result;
  const verdict = findings.length === 0 ? "ok" : "OBJECTION";
  const kinds = faults.map(({ kind }) => kind).join(" + ");
  const told = `told after ${(worst / 1000).toFixed(1)} s`;
  return [
    `seed ${seed}: ${verdict}: ${kinds}; ${captures} captures, ${packets} packets, ${told} (${seconds} s)`,
    ...findings.map(({ rule, capture, text }) => `  ${capture || "node"}: ${rule}: ${text}`),
  ];
}

function keepOnDisk(seed: number, what: object, nodes: readonly Ran[]): string {
  mkdirSync(KEPT, { recursive: true });
  const path = join(KEPT, `seed-${seed}`);
  writeFileSync(`${path}.json`, JSON.stringify(what));
  writeFileSync(`${path}.log`, nodes.map(({ log }) => log).join("\n"));
  return `${path}.json, the agent's words beside it`;
}
