/** The words after `node test/faults/main.ts`. */
import { parseArgs } from "node:util";

export interface Options {
  /** Seeds in their order, without an end where only the time is set. */
  first: number;
  last: number;
  /** Milliseconds; no scenario is begun after that. */
  time: number;
  writeDocs: boolean;
  /** Also what no judge objected to. */
  keep: boolean;
  /** Scenarios at a time, each with an API server of its own. */
  jobs: number;
}

const USAGE =
  "Usage: node test/faults/main.ts --minutes N | --seeds A-B | --seed S [--jobs N] [--keep] [--write-docs]";

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
      "write-docs": { type: "boolean", default: false },
    },
  });
  const { minutes, seeds, seed } = values;
  if (minutes === undefined && seeds === undefined && seed === undefined) throw new Error(USAGE);
  const [first, last] = seed === undefined ? rangeOf(seeds) : [whole(seed), whole(seed)];
  const time = minutes === undefined ? Number.POSITIVE_INFINITY : whole(minutes) * 60_000;
  return { first, last, time, writeDocs: values["write-docs"], keep: values.keep, jobs: whole(values.jobs) };
}

function rangeOf(text: string | undefined): [number, number] {
  if (text === undefined) return [0, Number.POSITIVE_INFINITY];
  const match = /^(\d+)-(\d+)?$/.exec(text);
  if (match === null)
    throw new Error(`--seeds is "${text}": write a range, for example 0-51 or 100-. ${USAGE}`);
  return [Number(match[1]), match[2] === undefined ? Number.POSITIVE_INFINITY : Number(match[2])];
}

function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new Error(`"${text}" is no whole number. ${USAGE}`);
  return Number(text);
}
