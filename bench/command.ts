import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);

/**
 * Runs a short command to its end.
 * @returns what it wrote to stdout
 * @throws Error with its first line on stderr
 */
export async function output(program: string, ...args: string[]): Promise<string> {
  try {
    return (await execute(program, args, { maxBuffer: 16 << 20 })).stdout;
  } catch (error) {
    const stderr = error instanceof Error && "stderr" in error ? String(error.stderr).trim() : "";
    throw new Error(`${program} ${args[0] ?? ""}: ${stderr.split("\n")[0] || String(error)}`, {
      cause: error,
    });
  }
}

/** Whether a command ends with 0. */
export async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  return execute(program, args).then(
    () => true,
    () => false,
  );
}
