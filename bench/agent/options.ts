import { Command, InvalidArgumentError, Option } from "commander";

export const PARTS = ["latency", "watch", "requests", "memory"] as const;
export type Part = (typeof PARTS)[number];

export interface AgentBenchOptions {
  only: readonly Part[];
  /** How many agents the requests are counted with; increasing. */
  agents: number[];
  /** Captures for each latency and for each count of requests. */
  captures: number;
  /** Resources for the memory of an agent. */
  resources: number;
  smoke: boolean;
  writeDocs: boolean;
}

function positive(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("expected a number from 1 to 999999.");
  return Number(text);
}

function parts(text: string): Part[] {
  return text.split(",").map((name) => {
    const found = PARTS.find((part) => part === name);
    if (found === undefined) throw new InvalidArgumentError(`expected some of ${PARTS.join(",")}.`);
    return found;
  });
}

/** Two captures run on: fewer agents there cannot be. */
function agentCounts(text: string): number[] {
  const counts = text.split(",").map(positive);
  if (counts.some((count) => count < 2)) throw new InvalidArgumentError("expected numbers from 2 on.");
  return counts.sort((a, b) => a - b);
}

export function readAgentBenchOptions(args: string[]): AgentBenchOptions {
  const command = new Command("npm run bench:agent --")
    .description("What the agent costs, on an API server of the bench's own. Needs root.")
    .addOption(new Option("--only <list>", `some of ${PARTS.join(",")}`).default([...PARTS]).argParser(parts))
    .addOption(
      new Option("--agents <list>", "agents to count requests with")
        .default([2, 20, 200])
        .argParser(agentCounts),
    )
    .addOption(new Option("--captures <n>", "captures a measurement").default(100).argParser(positive))
    .addOption(new Option("--resources <n>", "resources for the memory").default(10_000).argParser(positive))
    .option("--smoke", "small and quick: only whether everything works", false)
    .option("--write-docs", "put the tables into docs/performance.md", false)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  const options = command.parse(args, { from: "user" }).opts<AgentBenchOptions>();
  return options.smoke ? { ...options, agents: [2, 4], captures: 4, resources: 60 } : options;
}
