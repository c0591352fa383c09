/** The bench's own programs, compiled into bench/out/ at each start. */
import { cp, mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { output } from "./command.ts";

export const root = resolve(import.meta.dirname, "..");
export const outFolder = resolve(root, "bench/out");
/** Node 24 of the project's own modules, whatever Node started the bench. */
export const nodeProgram = process.execPath;

const programs = ["send-live", "send-packet", "measure", "floor", "count", "neighbour"] as const;
type Program = (typeof programs)[number];

export const programPath = (name: Program): string => resolve(outFolder, name);

async function compile(name: Program): Promise<void> {
  const warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];
  const source = resolve(root, `bench/native/${name}.c`);
  const libraries = name === "floor" ? ["-lpcap"] : [];
  await output("gcc", "-std=gnu17", "-O2", ...warnings, source, "-o", programPath(name), ...libraries);
}

export async function compilePrograms(): Promise<void> {
  await mkdir(outFolder, { recursive: true });
  await Promise.all(programs.map(compile));
}

export const npmCapFolder = resolve(outFolder, "npm-cap");

/** npm cap's install script is off in this project, so it is built in a copy. */
export async function compileNpmCap(): Promise<void> {
  await cp(resolve(root, "node_modules/cap"), npmCapFolder, { recursive: true });
  const gyp = resolve(root, "node_modules/node-gyp/bin/node-gyp.js");
  const headers = resolve(nodeProgram, "../..");
  const rebuild = [nodeProgram, gyp, "rebuild", "--silent", "-C", npmCapFolder, `--nodedir=${headers}`];
  // A user's npm configuration may carry a nodedir of another Node, and would win.
  await output("env", "-u", "npm_config_nodedir", ...rebuild);
}
