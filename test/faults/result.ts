/** What a run counted, scenario by scenario and fault by fault. */
import { timeToTruth } from "./oracle/judge-outcome.ts";
import type { Finding, Observation } from "./oracle/observation.ts";
import { withTrueTimes } from "./oracle/true-times.ts";
import { ALL_FAULT_KINDS, type FaultKind, type Scenario } from "./scenario.ts";

export interface Result {
  seed: number;
  faults: FaultKind[];
  captures: number;
  packets: number;
  /** Milliseconds from when the truth could be told until the last capture told it. */
  worst: number;
  findings: Finding[];
}

/** @param nodes the first is the one that faults were done to */
export function resultOf(scenario: Scenario, nodes: readonly Observation[], findings: Finding[]): Result {
  const all = nodes.map((seen) => resultOfNode(scenario, seen));
  const sum = (value: (result: Omit<Result, "findings">) => number) =>
    all.reduce((total, result) => total + value(result), 0);
  return {
    seed: scenario.seed,
    faults: all[0]?.faults ?? [],
    captures: sum(({ captures }) => captures),
    packets: sum(({ packets }) => packets),
    worst: Math.max(0, ...all.map(({ worst }) => worst)),
    findings,
  };
}

function resultOfNode(scenario: Scenario, observed: Observation): Omit<Result, "findings"> {
  const seen = withTrueTimes(observed);
  const streams = Object.values(seen.sent).flat();
  return {
    seed: scenario.seed,
    faults: seen.injections.map(({ kind }) => kind),
    captures: seen.captures.length,
    packets: streams.reduce((sum, { count }) => sum + count, 0),
    worst: Math.max(
      0,
      ...seen.captures
        .filter(({ deletedAt }) => deletedAt === undefined)
        .map((capture) => timeToTruth(capture, seen)),
    ),
  };
}

export interface FaultRow {
  kind: FaultKind;
  alone: number;
  withOthers: number;
  /** Packets. */
  lost: number;
  untrue: number;
  /** Milliseconds. */
  worst: number;
}

/** A finding of several faults counts for each of them. */
export function rowsOf(results: readonly Result[]): FaultRow[] {
  return ALL_FAULT_KINDS.map((kind) => {
    const met = results.filter(({ faults }) => faults.includes(kind));
    const findings = met.flatMap((result) => result.findings);
    return {
      kind,
      alone: met.filter(({ faults }) => faults.length === 1).length,
      withOthers: met
        .filter(({ faults }) => faults.length > 1)
        .reduce((sum, { faults }) => sum + faults.filter((one) => one === kind).length, 0),
      lost: findings.reduce((sum, { packets = 0 }) => sum + packets, 0),
      untrue: findings.filter((finding) => finding.kind === "untrue").length,
      worst: Math.max(0, ...met.map(({ worst }) => worst)),
    };
  });
}
