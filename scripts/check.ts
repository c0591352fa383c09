/**
 * Runs the suites one after the other and adds up what passed and failed. The last line of output is
 * `N passed, N failed`. Usage: node scripts/check.ts [--all] [SUITE…]
 */

import { resolve } from "node:path";
import { type Outcome, runSuite } from "./check/run-suite.ts";
import { availableSuites } from "./check/suites.ts";
import { summary } from "./check/summary.ts";

process.env.PATH = `${resolve("node_modules/.bin")}:${process.env.PATH}`;

const names = process.argv.slice(2).filter((word) => word !== "--all");
const everything = process.argv.includes("--all");
const suites = availableSuites().filter((suite) =>
  names.length > 0 ? names.includes(suite.name) : everything || !suite.slow,
);

const outcomes: Outcome[] = [];
for (const suite of suites) outcomes.push(await runSuite(suite));

const { lines, failed } = summary(outcomes, process.env.CI === "true");
console.log(`\n${lines.join("\n")}`);
process.exitCode = failed > 0 || outcomes.length === 0 ? 1 : 0;
