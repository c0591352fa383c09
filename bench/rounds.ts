/** The rounds of one scenario: each writer once a round, started at another writer each time. */
import { captureTraffic, expectedBytes, type Job, type Place } from "./capture-run.ts";
import { judgeRun } from "./judge-run.ts";
import type { RunResult } from "./results.ts";
import type { Scenario } from "./scenarios.ts";
import type { WriterName } from "./writers/index.ts";

export interface Rounds {
  runs: number;
  peers: WriterName[];
  startUpCpuSeconds: Partial<Record<WriterName, number>>;
  onResult: (result: RunResult) => void;
  onFailure: (failure: string) => void;
}

export function rotated<T>(list: T[], by: number): T[] {
  const from = by % Math.max(1, list.length);
  return [...list.slice(from), ...list.slice(0, from)];
}

async function runOnce(place: Place, scenario: Scenario, writer: WriterName, run: number, rounds: Rounds) {
  const { filter, rotateBytes } = scenario;
  const job: Job = { writer, filter, rotateBytes, traffic: scenario };
  try {
    const captured = await captureTraffic(place, job);
    rounds.onResult(judgeRun(scenario, job, run, rounds.startUpCpuSeconds[writer] ?? 0, captured));
  } catch (error) {
    rounds.onFailure(
      `${scenario.name}, ${writer}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

export async function runRounds(place: Place, scenario: Scenario, rounds: Rounds): Promise<void> {
  const writers = scenario.writers.filter((writer) => rounds.peers.includes(writer));
  const runs = Math.min(rounds.runs, scenario.mostRuns ?? rounds.runs);
  for (let run = 1; run <= runs; run++) {
    for (const writer of rotated(writers, run - 1)) await runOnce(place, scenario, writer, run, rounds);
  }
}

/** Room for one capture at a time: files are removed after each run. */
export const roomNeeded = (list: Scenario[]): number =>
  2e9 + 1.1 * Math.max(0, ...list.map((scenario) => expectedBytes(scenario)));
