import { createHash } from "node:crypto";
import { copyFileSync, existsSync, globSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./run.ts";

const INPUTS = [
  "binding.gyp",
  "native/{binding,engine}/*.{cc,h}",
  "node_modules/node-addon-api/package.json",
];

/** Compiles native/ to build/Release/pcapper.node if a source changed, and puts it beside the bundle. */
export function buildAddon(root: string): void {
  const built = join(root, "build/Release/pcapper.node");
  const stamp = join(root, "build/inputs");
  const inputs = hashOf(root);
  if (!existsSync(built) || !existsSync(stamp) || readFileSync(stamp, "utf8") !== inputs) {
    compile(root);
    writeFileSync(stamp, inputs);
  }
  replace(built, join(root, "dist/pcapper.node"));
}

function compile(root: string): void {
  const headers = join(root, `node_modules/node-linux-${process.arch}`);
  const options = existsSync(headers) ? [`--nodedir=${headers}`] : [];
  // A user's npm configuration may carry a nodedir of another Node, and would win.
  const { npm_config_nodedir: _, ...env } = process.env;
  const script = join(root, "node_modules/node-gyp/bin/node-gyp.js");
  run(
    process.execPath,
    [script, "configure", "build", "--jobs=max", "--loglevel=warn", ...options],
    root,
    env,
  );
}

function hashOf(root: string): string {
  const hash = createHash("sha256").update(`${process.version} ${process.arch}`);
  for (const file of globSync(INPUTS, { cwd: root }).sort()) {
    hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** By rename: a process that has the old addon loaded keeps it whole. */
function replace(from: string, to: string): void {
  if (existsSync(to) && readFileSync(from).equals(readFileSync(to))) return;
  copyFileSync(from, `${to}.new`);
  renameSync(`${to}.new`, to);
}
