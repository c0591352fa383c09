/** The table of docs/reliability.md, from what a run counted. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FAULT_MEANINGS } from "./fault-meanings.ts";
import { type FaultRow, type Result, rowsOf } from "./result.ts";

const PAGE = join(import.meta.dirname, "../../docs/reliability.md");
const BEGIN = "<!-- written by npm run faults -- --write-docs -->";
const END = "<!-- end of what is written -->";

export interface RunFacts {
  commit: string;
  /** `YYYY-MM-DD` */
  day: string;
  machine: string;
}

export function writeDocs(results: readonly Result[], facts: RunFacts): void {
  const page = readFileSync(PAGE, "utf8");
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`${PAGE} has no place for the table`);
  writeFileSync(
    PAGE,
    `${page.slice(0, from + BEGIN.length)}\n${tableText(results, facts)}\n${page.slice(to)}`,
  );
}

export function tableText(results: readonly Result[], { commit, day, machine }: RunFacts): string {
  const rows = rowsOf(results);
  const seeds = results.map(({ seed }) => seed);
  const sum = (value: (result: Result) => number) =>
    results.reduce((total, result) => total + value(result), 0);
  const findings = results.flatMap((result) => result.findings);
  const injections = sum(({ faults }) => faults.length);
  const lost = findings.reduce((total, { packets = 0 }) => total + packets, 0);
  const untrue = findings.filter(({ kind }) => kind === "untrue").length;
  const failed = results.filter((result) => result.findings.length > 0).map(({ seed }) => seed);
  return [
    `Run of ${day} at commit ${commit}, ${machine}: seeds ${rangesText(seeds)}, ` +
      `${results.length} scenarios with ${sum(({ captures }) => captures)} captures and ${sum(({ packets }) => packets)} packets. ` +
      `**${injections} injections, ${lost} packets lost by us, ${untrue} untrue statements.**`,
    ...(failed.length === 0 ? [] : ["", `Seeds in which a judge objected: ${failed.join(", ")}.`]),
    "",
    "| fault | alone | with others | lost by us | untrue | worst time to a true status |",
    "|---|---|---|---|---|---|",
    ...rows.map(rowText),
  ].join("\n");
}

/** `0-207,1000-1035`, as the campaign takes them. */
function rangesText(seeds: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const seed of seeds) {
    const last = ranges.at(-1);
    if (last !== undefined && seed === last[1] + 1) last[1] = seed;
    else ranges.push([seed, seed]);
  }
  return ranges.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

function rowText({ kind, alone, withOthers, lost, untrue, worst }: FaultRow): string {
  const seconds = `${(worst / 1000).toFixed(1)} s`;
  return `| ${FAULT_MEANINGS[kind]} | ${alone} | ${withOthers} | ${lost} | ${untrue} | ${alone + withOthers > 0 ? seconds : ""} |`;
}
