import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface ProcessFigures {
  /** Bytes of its own memory in RAM: what it shares with others is not counted. */
  memory: number;
  /** Without sockets. */
  descriptors: number;
  sockets: number;
  threads: number;
}

/** What a process holds now. @throws Error where it is gone */
export function processFigures(pid: number): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => {
    const [, value] = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status) ?? [];
    if (value === undefined) throw new Error(`/proc/${pid}/status has no ${name}`);
    return Number(value);
  };
  const names = readdirSync(`/proc/${pid}/fd`);
  const sockets = names.filter((name) => isSocket(`/proc/${pid}/fd/${name}`)).length;
  return {
    memory: field("RssAnon") * 1024,
    descriptors: names.length - sockets,
    sockets,
    threads: field("Threads"),
  };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    // Closed since it was listed.
    return false;
  }
}
