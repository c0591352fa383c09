import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest } from "../helpers/execute.ts";

/** A server in the background. It dies with the test process, even by SIGKILL. */
export interface Child {
  pid: number;
  /** False from the moment it has ended, whoever ended it. */
  alive(): boolean;
  /** Last lines it wrote. */
  lastWords(): string;
  /** SIGTERM, and SIGKILL where it takes longer than `seconds`; resolves when it is gone. */
  stop(seconds?: number): Promise<void>;
  kill(signal: NodeJS.Signals): void;
}

const LAST_LINES = 15;

/** Starts a server whose output goes to the file `logPath`. */
export function startChild(command: readonly string[], logPath: string): Child {
  const log = openSync(logPath, "a");
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", log, log] });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error(`cannot start ${command[0]}`);
  const ended = once(child, "exit");
  const alive = (): boolean => child.exitCode === null && child.signalCode === null;
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  const stop = async (seconds = 5): Promise<void> => {
    const tooLong = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
    if (alive()) child.kill("SIGTERM");
    if (alive()) await ended;
    clearTimeout(tooLong);
    kill();
  };
  const lastWords = (): string => readFileSync(logPath, "utf8").split("\n").slice(-LAST_LINES).join("\n");
  return { pid, alive, lastWords, stop, kill: (signal) => void child.kill(signal) };
}
