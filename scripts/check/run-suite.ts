import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { type Counts, countsOf } from "./counts.ts";
import type { Suite } from "./suites.ts";

export interface Outcome extends Counts {
  name: string;
  seconds: number;
  /** Present where the whole suite was skipped. */
  skipReason?: string;
}

/** Runs one suite; its output goes to the terminal as it comes. */
export async function runSuite(suite: Suite): Promise<Outcome> {
  console.log(`\n── ${suite.name}`);
  const skipReason = suite.skip?.();
  if (skipReason !== undefined) {
    console.log(`skipped: ${skipReason}`);
    return { name: suite.name, seconds: 0, passed: 0, failed: 0, skipped: [suite.name], skipReason };
  }
  if (suite.vitestReport !== undefined) rmSync(suite.vitestReport, { force: true });
  const start = performance.now();
  const { ok, output } = await execute(suite.command);
  const seconds = Math.round((performance.now() - start) / 100) / 10;
  return { name: suite.name, seconds, ...countsOf(ok, output, suite.vitestReport) };
}

async function execute(command: string[]): Promise<{ ok: boolean; output: string }> {
  const [file = "", ...args] = command;
  const colour = process.stdout.isTTY ? { FORCE_COLOR: "1" } : { NO_COLOR: "1" };
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...colour } });
  let output = "";
  const tee = (text: string): void => {
    output += text;
    process.stdout.write(text);
  };
  child.stdout.setEncoding("utf8").on("data", tee);
  child.stderr.setEncoding("utf8").on("data", tee);
  try {
    const [code] = await once(child, "close");
    return { ok: code === 0, output };
  } catch (error) {
    console.log(`cannot run ${file}: ${(error as Error).message}`);
    return { ok: false, output };
  }
}
