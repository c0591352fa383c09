/** Medians over the runs of a scenario, and ratios between writers of the same run. Pure. */
import { median, type Spread, spread } from "./median.ts";
import type { RunResult } from "./results.ts";

export interface Row {
  label: string;
  writer: string;
  runs: number;
  cpuPerMillion: Spread;
  /** CPU per packet as a multiple of the floor's in the same run; undefined where it did not run. */
  timesFloor: number | undefined;
  /** How often cheaper than the cheaper of the tcpdump variants of the same run that do not rotate. */
  cheaperThanTcpdump: number | undefined;
  lostPercent: Spread;
  peakRssMib: number;
  peakAnonymousMib: number;
  rateMissed: number;
  problems: string[];
}

type Cost = (run: number) => number | undefined;

const costsOf = (results: RunResult[], writer: string): Cost => {
  const byRun = new Map(results.filter((r) => r.writer === writer).map((r) => [r.run, r.cpuPerMillion]));
  return (run) => byRun.get(run);
};

function bestTcpdump(results: RunResult[]): Cost {
  const variants = ["tcpdump", "tcpdump-B"].map((writer) => costsOf(results, writer));
  return (run) => {
    const costs = variants.map((cost) => cost(run)).filter((cost) => cost !== undefined);
    return costs.length === 0 ? undefined : Math.min(...costs);
  };
}

/** The median of the ratios run by run: noise that slows a whole round cancels out. */
function medianRatio(results: RunResult[], against: Cost): number | undefined {
  const ratios = results.flatMap((result) => {
    const other = against(result.run);
    return other ? [result.cpuPerMillion / other] : [];
  });
  return ratios.length === 0 ? undefined : median(ratios);
}

function summarizeWriter(all: RunResult[], mine: RunResult[], first: RunResult): Row {
  const timesTcpdump = medianRatio(mine, bestTcpdump(all));
  return {
    label: first.label,
    writer: first.writer,
    runs: mine.length,
    cpuPerMillion: spread(mine.map((r) => r.cpuPerMillion)),
    timesFloor: medianRatio(mine, costsOf(all, "floor")),
    cheaperThanTcpdump: timesTcpdump ? 1 / timesTcpdump : undefined,
    lostPercent: spread(mine.map((r) => (100 * r.lost) / r.expected)),
    peakRssMib: median(mine.map((r) => r.peakRssMib)),
    peakAnonymousMib: median(mine.map((r) => r.peakAnonymousMib)),
    rateMissed: mine.filter((r) => r.rateMissed).length,
    problems: [...new Set(mine.map((r) => r.problem).filter((problem) => problem !== ""))],
  };
}

/** One row for each writer of a scenario, in the order in which they first ran. */
export function summarize(results: RunResult[]): Row[] {
  const byWriter = Map.groupBy(results, (result) => result.writer);
  return [...byWriter.values()].flatMap((mine) => (mine[0] ? [summarizeWriter(results, mine, mine[0])] : []));
}
