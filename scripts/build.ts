/**
 * Builds dist/: generated sources, then the addon and the bundle. Each step is skipped or cheap when
 * nothing changed, so that demo, tests and bench can always call it.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { buildAddon } from "./build/addon.ts";
import { buildBundle } from "./build/bundle.ts";
import { run } from "./build/run.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

async function build(): Promise<void> {
  run(process.execPath, ["scripts/generate.ts"], root);
  buildAddon(root);
  await buildBundle(root);
}

process.chdir(root);
mkdirSync("dist", { recursive: true });
if (process.env.PCAPPER_BUILD_LOCKED === "1") {
  await build().catch((error: Error) => {
    process.stderr.write(`build: ${error.message}\n`);
    process.exitCode = 1;
  });
} else {
  // Two builds at once would write the same objects: the second waits for the first.
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync("flock", ["dist", ...again], {
    stdio: "inherit",
    env: { ...process.env, PCAPPER_BUILD_LOCKED: "1" },
  });
  process.exitCode = status ?? 1;
}
