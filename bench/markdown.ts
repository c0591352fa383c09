/** The tables of docs/performance.md. Pure. */
import { median, type Spread } from "./median.ts";
import type { FirstPacketResult, NeighbourResult, Results } from "./results.ts";
import { scenarios } from "./scenarios.ts";
import { type Row, summarize } from "./summary.ts";

export function table(heads: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.join(" | ")} |`;
  const rule = `|${heads.map((_, place) => (place === 0 ? "---" : "---:")).join("|")}|`;
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

const cpu = ({ median, min, max }: Spread): string =>
  `${median.toFixed(3)} (${min.toFixed(3)} to ${max.toFixed(3)})`;

function percent(lost: Spread): string {
  if (lost.max === 0) return "0";
  const short = (value: number) => (value === 0 ? "0" : value < 0.1 ? value.toFixed(3) : value.toFixed(1));
  return `${short(lost.median)} (${short(lost.min)} to ${short(lost.max)})`;
}

const times = (ratio: number | undefined): string => (ratio === undefined ? "" : `${ratio.toFixed(2)} ×`);

function notes(row: Row): string[] {
  const missed = row.rateMissed > 0 ? [`the rate was off by more than 5 % in ${row.rateMissed} runs`] : [];
  return [...missed, ...row.problems].map((note) => `- **${row.label}**: ${note}`);
}

function scenarioSection(results: Results, name: string, title: string): string[] {
  const rows = summarize(results.runs.filter((result) => result.scenario === name));
  if (rows.length === 0) return [];
  const heads = [
    "writer",
    "CPU s per million",
    "of the floor",
    "cheaper than tcpdump",
    "lost %",
    "RSS MiB",
    "RssAnon MiB",
  ];
  const cells = rows.map((row) => [
    row.label,
    cpu(row.cpuPerMillion),
    times(row.timesFloor),
    times(row.cheaperThanTcpdump),
    percent(row.lostPercent),
    row.peakRssMib.toFixed(0),
    row.peakAnonymousMib.toFixed(0),
  ]);
  const runs = Math.max(...rows.map((row) => row.runs));
  return [`### ${title}`, `Medians of ${runs}.`, table(heads, cells), ...rows.flatMap(notes)];
}

function neighbourSection(measured: NeighbourResult[]): string[] {
  if (measured.length === 0) return [];
  const milliseconds = (all: NeighbourResult[], of: (result: NeighbourResult) => number) =>
    (median(all.map(of)) / 1000).toFixed(2);
  const rows = [...Map.groupBy(measured, (result) => result.beside)].map(([beside, all]) => [
    beside,
    milliseconds(all, (r) => r.p50Us),
    milliseconds(all, (r) => r.p99Us),
    milliseconds(all, (r) => r.maxUs),
  ]);
  const heads = ["capturing meanwhile", "p50 ms", "p99 ms", "longest ms"];
  return ["### A neighbour's write of 4 KiB and fdatasync on the same disk", table(heads, rows)];
}

function firstPacketSection(measured: FirstPacketResult[]): string[] {
  if (measured.length === 0) return [];
  const rows = [...Map.groupBy(measured, (result) => result.label)].map(([label, all]) => {
    const values = all.map((result) => result.milliseconds);
    return [label, ...[median(values), Math.min(...values), Math.max(...values)].map((ms) => ms.toFixed(0))];
  });
  const heads = ["writer", "median ms", "shortest", "longest"];
  return ["### From process start to the first captured packet", table(heads, rows)];
}

function machineSentence({ machine, sendMethod, time }: Results): string {
  const { cpu, cpus, memoryGib, kernel, fileSystem, load, tools } = machine;
  const sender = sendMethod === "live" ? "live frames" : "sendmmsg, as live frames are not allowed here";
  return `${time.slice(0, 10)}: ${cpus} × ${cpu}, ${memoryGib} GiB, Linux ${kernel}, ${fileSystem}; ${tools.join(", ")}; sender: ${sender}; load at the start ${load.toFixed(2)}.`;
}

export function markdown(results: Results): string {
  const sections = [
    machineSentence(results),
    ...(results.smoke ? ["A smoke run: everything was tried, nothing measured."] : []),
    ...scenarios.flatMap(({ name, title }) => scenarioSection(results, name, title)),
    ...neighbourSection(results.neighbour),
    ...firstPacketSection(results.firstPacket),
    ...results.failures.map((failure) => `- **failed**: ${failure}`),
  ];
  return `${sections.join("\n\n")}\n`;
}
