/** The words after `node test/faults/main.ts`. */
import { parseArgs } from "node:util";
import { NEWER_SEEDS, NODES_SEEDS } from "./scenario.ts";

export interface Options {
  /** Seeds in their order, without an end where only the time is set. */
  seeds: Iterator<number, void>;
  /** Milliseconds; no scenario is begun after that. */
  time: number;
  writeDocs: boolean;
  /** Also what no judge objected to. */
  keep: boolean;
  /** The engine under AddressSanitizer and UBSan. */
  sanitize: boolean;
  /** Scenarios at a time, each with an API server of its own. */
  jobs: number;
}

const USAGE =
  "Usage: node test/faults/main.ts --minutes N | --seeds A-B[,C-D] | --seed S [--jobs N] [--keep] [--sanitize] [--write-docs]";

/** @throws Error with a sentence for a person */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      minutes: { type: "string" },
      seeds: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string", default: "1" },
      keep: { type: "boolean", default: false },
      sanitize: { type: "boolean", default: false },
      "write-docs": { type: "boolean", default: false },
    },
  });
  const { minutes, seeds, seed } = values;
  if (minutes === undefined && seeds === undefined && seed === undefined) throw new Error(USAGE);
  const named = seed ?? seeds;
  const time = minutes === undefined ? Number.POSITIVE_INFINITY : whole(minutes) * 60_000;
  const order = named === undefined ? allSeeds() : rangesOf(named);
  const { keep, sanitize, "write-docs": writeDocs, jobs } = values;
  return { seeds: order, time, writeDocs, keep, sanitize, jobs: whole(jobs) };
}

/** Seeds that a judge once objected to, for a defect that is mended: they come first. */
const MENDED = [1, 27, 38, 47, 49, 54, 59, 182, 1033, 1034];

/** After three that begin with an older fault comes one with a newer, after twelve one of two nodes. */
function* allSeeds(): Generator<number, void> {
  yield* MENDED;
  const newer = others(NEWER_SEEDS, NODES_SEEDS - 1);
  const ofNodes = others(NODES_SEEDS, Number.POSITIVE_INFINITY);
  for (const seed of others(0, NEWER_SEEDS - 1)) {
    yield seed;
    const { value } = seed % 3 === 2 ? newer.next() : {};
    if (value !== undefined) yield value;
    const { value: two } = seed % 12 === 11 ? ofNodes.next() : {};
    if (two !== undefined) yield two;
  }
  yield* newer;
  yield* ofNodes;
}

function* others(first: number, last: number): Generator<number, void> {
  for (const seed of range(first, last)) if (!MENDED.includes(seed)) yield seed;
}

function* range(first: number, last: number): Generator<number, void> {
  for (let seed = first; seed <= last; seed += 1) yield seed;
}

/** @throws Error at once where the text cannot be understood */
function rangesOf(text: string): Generator<number, void> {
  return oneAfterTheOther(text.split(",").map(rangeOf));
}

function* oneAfterTheOther(ranges: readonly [number, number][]): Generator<number, void> {
  for (const [first, last] of ranges) yield* range(first, last);
}

function rangeOf(text: string): [number, number] {
  if (/^\d+$/.test(text)) return [Number(text), Number(text)];
  const match = /^(\d+)-(\d+)?$/.exec(text);
  if (match === null)
    throw new Error(
      `--seeds is "${text}": write ranges, for example 0-51 or 0-207,1000-1035 or 100-. ${USAGE}`,
    );
  return [Number(match[1]), match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2])];
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no whole number. ${USAGE}`);
  return Number(text);
}
