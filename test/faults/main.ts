/**
 * The fault campaign: draws scenarios from seeds, runs them on a real API server with real agents, and judges from
 * outside. The last line is `N passed, N failed`, in scenarios.
 */
import { execFileSync } from "node:child_process";
import { cpus, release } from "node:os";
import { runCampaign } from "./campaign.ts";
import { writeDocs } from "./docs.ts";
import { type Options, readOptions } from "./options.ts";

const options = optionsOrExit();
if (process.getuid?.() !== 0) {
  console.error("The campaign makes network namespaces and mounts: run it as root.");
  process.exit(2);
}

// What removes the API server's data keeps no process alive.
const alive = setInterval(() => undefined, 60_000);
const results = await runCampaign(options, console.log);
clearInterval(alive);
const failed = results.filter(({ findings }) => findings.length > 0);
const injections = results.reduce((sum, { faults }) => sum + faults.length, 0);
console.log(`${injections} injections in ${results.length} scenarios`);
if (failed.length > 0) console.log(`repeat: node test/faults/main.ts --seed ${failed[0]?.seed}`);
if (options.writeDocs && results.length > 0) {
  writeDocs(results, {
    commit: execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim(),
    day: new Date().toISOString().slice(0, 10),
    machine: `${cpus().length} processors, Linux ${release()}`,
  });
}
console.log(`${results.length - failed.length} passed, ${failed.length} failed`);
process.exit(failed.length > 0 || results.length === 0 ? 1 : 0);

function optionsOrExit(): Options {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error((error as Error).message);
    process.exit(2);
  }
}
