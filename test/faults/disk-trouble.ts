/** A library that is preloaded into the agent and does to its disk what a bad one does, at any time. */
import { closeSync, mkdirSync, openSync, renameSync, statSync, writeFileSync, writeSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";
import { mustExecute } from "../helpers/execute.ts";

const SOURCE = join(import.meta.dirname, "disk-trouble.c");
const BUILD = join(import.meta.dirname, "../../build/test-faults");
const FLAGS = ["-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared"];

export interface Trouble {
  /** What calls fail with; absent = none does. */
  error?: "EIO" | "EROFS";
  /** Of all calls so many fail, 0 to 1; absent = all. */
  share?: number;
  /** Each call takes so much longer. */
  milliseconds?: number;
  /** What is in trouble: writing; also removing files and making folders; also opening files to read them. */
  reach?: "writes" | "names" | "all";
}

export interface DiskTrouble {
  library: string;
  env: Record<string, string>;
  /** Several may be on at once, the newest counts. @returns what ends it */
  begin(trouble: Trouble): () => void;
}

/** @param control path of a file that is made for it; the agent's disk is everything below `folder` */
export async function makeDiskTrouble(control: string, folder: string): Promise<DiskTrouble> {
  const library = await compiled();
  writeFileSync(control, bytesOf({}));
  const begun: Trouble[] = [];
  const tell = (): void => {
    // In place: the agent has it mapped.
    const file = openSync(control, "r+");
    writeSync(file, bytesOf(begun.at(-1) ?? {}), 0, undefined, 0);
    closeSync(file);
  };
  return {
    library,
    env: { DISK_TROUBLE: control, DISK_TROUBLE_FOLDER: folder },
    begin: (trouble) => {
      begun.push(trouble);
      tell();
      return () => {
        begun.splice(begun.indexOf(trouble), 1);
        tell();
      };
    },
  };
}

/** As `struct trouble` of disk-trouble.c. */
function bytesOf({ error, share = 1, milliseconds = 0, reach = "writes" }: Trouble): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32LE(error === undefined ? 0 : constants.errno[error], 0);
  bytes.writeUInt32LE(Math.round(share * 1000), 4);
  bytes.writeUInt32LE(milliseconds, 8);
  bytes.writeUInt32LE(["writes", "names", "all"].indexOf(reach), 12);
  return bytes;
}

async function compiled(): Promise<string> {
  const library = join(BUILD, "disk-trouble.so");
  if (changed(library) > changed(SOURCE)) return library;
  mkdirSync(BUILD, { recursive: true });
  // Several jobs may compile it: each takes its place whole.
  const draft = `${library}.${process.pid}.${Math.random()}`;
  await mustExecute(["gcc", ...FLAGS, SOURCE, "-o", draft]);
  renameSync(draft, library);
  return library;
}

function changed(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
