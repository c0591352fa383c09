/** From what one run left behind to its line in the results. Pure. */
import type { Captured, Job } from "./capture-run.ts";
import type { RunResult } from "./results.ts";
import type { Scenario } from "./scenarios.ts";
import { rareAmong, type Sent } from "./sender.ts";

const mostRateError = 0.05;

/** Files and removed ones against the program's own count, and both against what was sent. */
function countProblem({ count, own }: Captured, expected: number): string {
  if (count.problem !== "") return count.problem;
  if (count.packets > expected) return `${count.packets} packets in the files, ${expected} sent`;
  if (own?.removed === undefined) return "";
  const { packets, removed, dropped = 0 } = own;
  if (packets !== count.packets + removed) {
    return `its status says ${packets} packets: ${count.packets} are in the files, ${removed} were removed`;
  }
  return packets + dropped === expected
    ? ""
    : `${packets} packets + ${dropped} dropped are not the ${expected} sent`;
}

/** A ring of files removes packets that were written: there the program's own count is taken. */
function packetsWritten({ count, own }: Captured, job: Job): number {
  return own !== undefined && /rotating|-C/.test(job.writer) ? own.packets : count.packets;
}

export function judgeRun(
  scenario: Scenario,
  job: Job,
  run: number,
  startUpCpuSeconds: number,
  captured: Captured & { result: Sent },
): RunResult {
  const { cost, count, label, result } = captured;
  const expected = scenario.filter === "" ? result.packets : rareAmong(result.packets);
  const written = packetsWritten(captured, job);
  const cpuSeconds = Math.max(0, cost.cpuSeconds - startUpCpuSeconds);
  const rate = result.packets / result.seconds;
  return {
    scenario: scenario.name,
    writer: job.writer,
    label,
    run,
    sent: result.packets,
    expected,
    rate,
    rateMissed: Math.abs(rate / scenario.rate - 1) > mostRateError,
    written,
    lost: expected - written,
    files: count.files,
    cpuSeconds,
    cpuPerMillion: (cpuSeconds / (scenario.filter === "" ? written : result.packets)) * 1e6,
    peakRssMib: cost.peakRssKib / 1024,
    peakAnonymousMib: cost.peakAnonymousKib / 1024,
    preempted: cost.preempted,
    problem: countProblem(captured, expected),
  };
}
