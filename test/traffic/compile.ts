import { mkdirSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../helpers/execute.ts";

const SOURCES = import.meta.dirname;
const BUILD = join(SOURCES, "../../build/test-traffic");
const HEADERS = ["common.h", "udp.h"];
const FLAGS = ["-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"];

export type Sender = "frames" | "datagrams" | "steady" | "stream" | "tunnel";

const compiled = new Map<Sender, Promise<string>>();

/** Path of a sender, compiled when its source is newer. */
export function senderProgram(name: Sender): Promise<string> {
  const known = compiled.get(name) ?? compile(name);
  compiled.set(name, known);
  return known;
}

async function compile(name: Sender): Promise<string> {
  const source = join(SOURCES, `${name}.c`);
  const program = join(BUILD, name);
  const newest = Math.max(...[source, ...HEADERS.map((header) => join(SOURCES, header))].map(changed));
  if (changed(program) > newest) return program;
  mkdirSync(BUILD, { recursive: true });
  // Another test process may compile the same one: each takes its place whole.
  const draft = `${program}.${process.pid}`;
  await mustExecute(["gcc", ...FLAGS, source, "-o", draft]);
  renameSync(draft, program);
  return program;
}

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
