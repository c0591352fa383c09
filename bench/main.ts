/** npm run bench: capture writers side by side. docs/performance.md says what is measured and how. */
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Place, startUpCpu } from "./capture-run.ts";
import { describeMachine } from "./machine.ts";
import { median } from "./median.ts";
import { claimTheBench } from "./one-bench.ts";
import { type Options, readOptions } from "./options.ts";
import { probeFirstPacket, probeNeighbour } from "./probes.ts";
import { whatIsMissing } from "./requirements.ts";
import type { Results, RunResult } from "./results.ts";
import { runRounds } from "./rounds.ts";
import { makeSandbox } from "./sandbox.ts";
import { type Scenario, scenarios, smokeScenario } from "./scenarios.ts";
import { findSendMethod } from "./sender.ts";
import { compileNpmCap, compilePrograms } from "./toolbox.ts";
import { atExit, undoOnEveryExit } from "./undo.ts";
import { writeResults } from "./write-results.ts";
import type { WriterName } from "./writers/index.ts";

const say = (line: string): boolean => process.stderr.write(`bench: ${line}\n`);

async function preparePlace(options: Options): Promise<Place> {
  await compilePrograms();
  if (options.peers.includes("npm-cap")) await compileNpmCap();
  const sandbox = await makeSandbox();
  const folder = mkdtempSync(join(options.folder, "captures-"));
  atExit(() => rmSync(folder, { recursive: true, force: true }));
  return { sandbox, folder, sendMethod: await findSendMethod(sandbox) };
}

async function measureStartUps(place: Place, options: Options, selected: Scenario[], results: Results) {
  const used = new Set(selected.flatMap((scenario) => scenario.writers));
  for (const writer of options.peers.filter((name) => used.has(name))) {
    try {
      const seconds: number[] = [];
      while (seconds.length < Math.min(3, options.runs)) seconds.push(await startUpCpu(place, writer));
      results.startUpCpuSeconds[writer] = median(seconds);
      say(`start-up of ${writer}: ${median(seconds).toFixed(3)} CPU s`);
    } catch (error) {
      results.failures.push(
        `start-up of ${writer}: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}

function sayResult(result: RunResult): void {
  const { scenario, writer, run, cpuPerMillion, written, lost, rate, rateMissed, problem } = result;
  const words = `${scenario} #${run} ${writer}: ${cpuPerMillion.toFixed(4)} CPU s per million, ${written} written, ${lost} lost`;
  const off = rateMissed ? `; only ${Math.round(rate)} a second were sent` : "";
  say(`${words}${off}${problem && `; PROBLEM: ${problem}`}`);
}

async function runScenarios(place: Place, options: Options, selected: Scenario[], results: Results) {
  await measureStartUps(place, options, selected, results);
  const able = (writer: WriterName) => results.startUpCpuSeconds[writer] !== undefined;
  for (const scenario of selected) {
    await runRounds(place, scenario, {
      runs: options.runs,
      peers: options.peers.filter(able),
      startUpCpuSeconds: results.startUpCpuSeconds,
      onResult: (result) => results.runs.push(result) && sayResult(result),
      onFailure: (failure) => results.failures.push(failure) && say(failure),
    });
  }
}

/** In a smoke run the load is so small that nothing may be lost by the two that must not lose. */
function isWrong(result: RunResult, smoke: boolean): boolean {
  const mustKeepAll = result.writer.startsWith("pcapper") || result.writer === "floor";
  return result.problem !== "" || (smoke && mustKeepAll && result.lost !== 0);
}

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  const chosen = scenarios.filter((scenario) => options.only.includes(scenario.name));
  const selected = options.smoke ? chosen.map(smokeScenario) : chosen;
  const missing = await whatIsMissing(options, selected);
  if (missing !== undefined) {
    say(missing);
    return 2;
  }
  undoOnEveryExit();
  const other = claimTheBench();
  if (other !== undefined) {
    say(`another bench is running: wait for process ${other}`);
    return 2;
  }
  const machine = await describeMachine(options.folder);
  const place = await preparePlace(options);
  const { sendMethod } = place;
  const time = new Date().toISOString();
  const empty = { startUpCpuSeconds: {}, runs: [], neighbour: [], firstPacket: [], failures: [] };
  const results: Results = { time, machine, sendMethod, smoke: options.smoke, ...empty };
  await runScenarios(place, options, selected, results);
  if (options.only.includes("neighbour")) await probeNeighbour(place, options, results);
  if (options.only.includes("first-packet")) await probeFirstPacket(place, options, results);
  const tables = await writeResults(results, options.writeDocs);
  process.stdout.write(options.smoke ? `${results.runs.length} runs, every file read\n` : tables);
  const wrong = results.runs.filter((result) => isWrong(result, options.smoke));
  for (const result of wrong)
    say(`wrong: ${result.scenario}, ${result.writer}: ${result.problem || "packets lost"}`);
  return wrong.length + results.failures.length > 0 ? 1 : 0;
}

process.exit(await main());
