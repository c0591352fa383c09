/** Scenario after scenario against one API server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiServer, startApiServer } from "../kubernetes/api-server.ts";
import { makeNamespace } from "../kubernetes/objects.ts";
import { applyAgentRbac, applyCrd } from "../kubernetes/packet-captures.ts";
import { drawScenario } from "./draw-scenario.ts";
import type { Options } from "./options.ts";
import { judge } from "./oracle/judge.ts";
import { type Result, resultOf } from "./result.ts";
import { runScenario } from "./run-scenario.ts";
import { PODS } from "./site.ts";

/** Where a scenario that a judge objected to is kept. */
const KEPT = join(import.meta.dirname, "../../build/faults");

export async function runCampaign(options: Options, say: (line: string) => void): Promise<Result[]> {
  const end = performance.now() + options.time;
  const server = await startApiServer();
  const results: Result[] = [];
  try {
    await applyCrd(server);
    for (const namespace of ["pcapper", PODS]) await makeNamespace(server.admin, namespace);
    await applyAgentRbac(server);
    for (let seed = options.first; seed <= options.last && performance.now() < end; seed += 1) {
      results.push(await runSeed(server, seed, options, say));
    }
  } finally {
    await server.stop();
  }
  return results;
}

async function runSeed(
  server: ApiServer,
  seed: number,
  options: Options,
  say: (line: string) => void,
): Promise<Result> {
  const scenario = drawScenario(seed);
  const begin = performance.now();
  const { seen, log } = await runScenario(server, scenario);
  const findings = judge(seen);
  const result = resultOf(scenario, seen, findings);
  const seconds = Math.round((performance.now() - begin) / 1000);
  const verdict = findings.length === 0 ? "ok" : "OBJECTION";
  const faults = scenario.faults.map(({ kind }) => kind).join(" + ");
  say(
    `seed ${seed}: ${verdict}: ${faults}; ${result.captures} captures, ${result.packets} packets, told after ${(result.worst / 1000).toFixed(1)} s (${seconds} s)`,
  );
  for (const { rule, capture, text } of findings) say(`  ${capture || "node"}: ${rule}: ${text}`);
  if (findings.length > 0 || options.keep) say(`  kept in ${keep(seed, { scenario, findings, seen }, log)}`);
  return result;
}

function keep(seed: number, what: object, log: string): string {
  mkdirSync(KEPT, { recursive: true });
  const path = join(KEPT, `seed-${seed}`);
  writeFileSync(`${path}.json`, JSON.stringify(what));
  writeFileSync(`${path}.log`, log);
  return `${path}.json, the agent's words beside it`;
}
