import { spawnSync } from "node:child_process";

/**
 * Runs a build step; its output is shown only when it fails.
 * @throws Error naming the step, after its output was printed
 */
export function run(command: string, args: string[], cwd: string, env = process.env): void {
  const result = spawnSync(command, args, { cwd, env, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (result.status === 0) return;
  process.stderr.write(result.stdout ?? "");
  process.stderr.write(result.stderr ?? "");
  const outcome = result.error?.message ?? `exit status ${result.status ?? result.signal}`;
  throw new Error(`build step failed: ${command} ${args.join(" ")} (${outcome})`);
}
