import { spawn } from "node:child_process";
import { once } from "node:events";

export interface Executed {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end; it dies with the test process, even by SIGKILL. Never throws for an exit code. */
export async function execute(command: readonly string[]): Promise<Executed> {
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "pipe", "pipe"] });
  const result: Executed = { code: null, stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    result.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    result.stderr += text;
  });
  const [code] = await once(child, "close");
  return { ...result, code };
}

/** @throws Error with what the command said, where its exit code is not 0. */
export async function mustExecute(command: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await execute(command);
  if (code !== 0) throw new Error(`${command.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Arguments of setpriv that run `command` so that the kernel kills it when its parent dies. */
export function dyingWithTest(command: readonly string[]): string[] {
  return ["--pdeathsig", "KILL", "--", ...command];
}
