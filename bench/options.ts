import { Command, InvalidArgumentError, Option } from "commander";
import { scenarios, smokeNames } from "./scenarios.ts";
import { outFolder } from "./toolbox.ts";
import { type WriterName, writerNames } from "./writers/index.ts";

export interface Options {
  runs: number;
  /** Names of scenarios and probes. */
  only: string[];
  peers: WriterName[];
  folder: string;
  smoke: boolean;
  writeDocs: boolean;
}

const probes = ["neighbour", "first-packet"] as const;

const parts = [...scenarios.map((scenario) => scenario.name), ...probes];

function listOf<T extends string>(known: readonly T[]): (text: string) => T[] {
  return (text) =>
    text.split(",").map((name) => {
      const found = known.find((one) => one === name);
      if (found === undefined) {
        throw new InvalidArgumentError(`'${name}' is unknown: expected some of ${known.join(",")}.`);
      }
      return found;
    });
}

function positiveInteger(text: string): number {
  if (!/^[1-9]\d{0,3}$/.test(text)) throw new InvalidArgumentError("expected a number from 1 to 9999.");
  return Number(text);
}

export function readOptions(args: string[]): Options {
  const command = new Command("npm run bench --")
    .description("Capture writers side by side, interleaved, on a veth pair of the bench's own. Needs root.")
    .addOption(
      new Option("--runs <n>", "rounds; each runs every writer once").default(5).argParser(positiveInteger),
    )
    .addOption(new Option("--only <list>", `some of ${parts.join(",")}`).argParser(listOf(parts)))
    .addOption(
      new Option("--peers <list>", `some of ${writerNames.join(",")}`).argParser(listOf(writerNames)),
    )
    .option("--folder <folder>", "write the captures on this disk", outFolder)
    .option("--smoke", "small and quick: only whether everything works and each file's count is right", false)
    .option("--write-docs", "put the tables into docs/performance.md", false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: "user" }).opts();
  const {
    only = options.smoke ? [...smokeNames, ...probes] : parts,
    peers = writerNames,
    folder,
    smoke,
    writeDocs,
  } = options;
  return { runs: smoke ? 1 : options.runs, only, peers, folder, smoke, writeDocs };
}
