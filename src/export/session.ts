import { readdirSync, readFileSync } from "node:fs";
import { PcapperError } from "../errors.ts";

/** As randomUUID makes it. */
const SESSION = /^[0-9a-f-]{36}$/;

/**
 * Ends an earlier export of the same gathering. Where a connection is cut, the container runtime neither reads on nor
 * closes: what sent over it would wait in memory for as long as the container lives.
 * @throws PcapperError PCAPPER_BAD_ARGUMENT
 */
export function endEarlier(session: string): void {
  if (!SESSION.test(session)) {
    throw new PcapperError("PCAPPER_BAD_ARGUMENT", `--session is "${session}": write a UUID`);
  }
  for (const entry of readdirSync("/proc")) {
    const pid = Number(entry);
    if (Number.isInteger(pid) && pid !== process.pid && belongsTo(session, pid)) kill(pid);
  }
}

function belongsTo(session: string, pid: number): boolean {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
    const option = words.indexOf("--session");
    return option > 0 && words[option + 1] === session && words.includes("export");
  } catch {
    return false;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended, or is another user's.
  }
}
