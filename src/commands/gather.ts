import { statSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { setFlagsFromString } from "node:v8";
import { PcapperError, throwProblems } from "../errors.ts";
import { type SinceArguments, sinceTime } from "../export/since.ts";
import { type GatherWorld, gather as gatherAll } from "../gather/gather.ts";
import { layoutOf } from "../gather/layout.ts";
import { createBars, createLines } from "../gather/progress.ts";
import { allProblems, type GatherResult } from "../gather/results.ts";
import { summaryDocument, summaryTable } from "../gather/summary.ts";
import { setAside, writeRecord } from "../gather/write-records.ts";
import { createKubernetesApi } from "../kubernetes/api.ts";
import { loadConfiguration } from "../kubernetes/configuration.ts";
import { createLog } from "../log.ts";
import { parseLogLevel } from "../settings.ts";
import { VERSION } from "../version.ts";

export interface GatherArguments extends SinceArguments {
  namespace: string;
  output: string;
  includeRunning?: boolean;
  kubeconfig?: string;
  context?: string;
}

/** `pcapper gather`: captures of all nodes, to this machine. @returns the exit code */
export async function gather(names: readonly string[], options: GatherArguments): Promise<number> {
  // What passes through is short-lived: collected often it needs 120 MB instead of 190, and less time.
  setFlagsFromString("--semi-space-growth-factor=1");
  const { namespace, includeRunning = false } = options;
  const selection = { includeRunning, since: sinceTime(options, Date.now()) };
  const output = await usableFolder(options.output);
  const configuration = await loadConfiguration(options);
  const log = createLog(parseLogLevel(process.env.LOG_LEVEL ?? "") ?? "info");
  await log.open();
  // A terminal that does not know its size has no lines to draw on.
  const drawable = process.stderr.isTTY && process.stderr.rows > 0;
  const progress = drawable ? createBars(process.stderr) : createLines(log);
  const signal = interruptible();
  const world: GatherWorld = {
    api: createKubernetesApi(configuration),
    configuration,
    signal,
    watch: progress.watch,
  };

  const result = await gatherAll(world, { namespace, names, selection, output }).finally(() => {
    progress.end();
    world.api.close();
  });
  const facts = { version: VERSION, time: new Date().toISOString(), namespace };
  await writeSummary(output, result, facts);
  await new Promise((written) => process.stdout.write(summaryTable(result), written));
  const problems = signal.aborted
    ? ["stopped before all was here: the same command goes on", ...allProblems(result)]
    : allProblems(result);
  throwProblems(problems.map((message) => ({ code: "PCAPPER_GATHER_INCOMPLETE", message })));
  return 0;
}

/** What is here is told in any case: a full disk is no reason to say nothing. */
async function writeSummary(
  output: string,
  result: GatherResult,
  facts: Parameters<typeof summaryDocument>[1],
): Promise<void> {
  const text = `${JSON.stringify(summaryDocument(result, facts), null, 2)}\n`;
  await writeRecord(layoutOf(output).summary, text).catch((error: Error) =>
    result.problems.push(`the summary was not written: ${error.message}`),
  );
}

async function usableFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  try {
    await mkdir(path, { recursive: true, mode: 0o750 });
    if (!statSync(path).isDirectory()) throw new Error("it is not a folder");
    // A run that is killed must not leave the word of an earlier one; that is all there is of the earlier one's checksums.
    await setAside(layoutOf(path).summary);
    return path;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new PcapperError(
      "PCAPPER_BAD_OUTPUT",
      `--output is "${folder}": it cannot be made or used: ${why}`,
    );
  }
}

/** The first Ctrl-C or SIGTERM keeps what is here; the second is the kernel's. */
function interruptible(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => stop.abort(new Error(`stopped by ${name === "SIGINT" ? "Ctrl-C" : name}`)));
  }
  return stop.signal;
}
