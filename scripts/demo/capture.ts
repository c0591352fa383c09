import { spawn } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";

export interface DemoCapture {
  /** Resolves when the status says that packets are captured. */
  running: Promise<void>;
  /** The final resource as YAML; rejects when the capture failed. */
  finished: Promise<string>;
}

/** Starts `pcapper run`; its progress line and log lines go to the terminal as they are. */
export function startCapture(manifest: string, output: string): DemoCapture {
  const child = spawn("bin/pcapper", ["run", "-f", manifest, "--output", output], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let resource = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    resource += text;
  });
  const finished = new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(resource);
      else reject(new Error(`pcapper run ended with exit code ${code}:\n${resource}`));
    });
  });
  return { running: Promise.race([statusRunning(output), finished.then(() => undefined)]), finished };
}

async function statusRunning(output: string): Promise<void> {
  while (!globSync(`${output}/*/*.status.json`).some(isRunning)) await pause(20, undefined, { ref: false });
}

function isRunning(path: string): boolean {
  const { status } = JSON.parse(readFileSync(path, "utf8")) as { status?: { progress?: string } };
  return status?.progress === "running";
}
