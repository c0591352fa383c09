/** The words after `node test/day/main.ts`. */
import { parseArgs } from "node:util";

export interface Options {
  /** Real minutes that the simulated day takes. */
  minutes: number;
}

const USAGE = "Usage: node test/day/main.ts [--minutes N]";

/** @throws Error with a sentence for a person */
export function readOptions(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: { minutes: { type: "string", default: "24" } },
  });
  if (!/^[1-9]\d{0,3}$/.test(values.minutes)) {
    throw new Error(`--minutes is "${values.minutes}": write a whole number of minutes. ${USAGE}`);
  }
  return { minutes: Number(values.minutes) };
}
