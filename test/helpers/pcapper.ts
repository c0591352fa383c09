import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { PacketCapture, PacketCaptureSpec } from "../../src/api/resource.ts";
import { atLatestAtExit } from "./end-with-test.ts";
import { dyingWithTest } from "./execute.ts";
import { type Manifest, readManifest } from "./manifest.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import { waitUntil } from "./wait-until.ts";

export interface PcapperOptions {
  /** Where it runs; the test's own namespace if left out. */
  namespace?: NetworkNamespace;
  output: string;
  env?: Record<string, string>;
  /** A command that runs it. */
  under?: string[];
}

export interface PcapperResult {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  /** The resource printed at the end. @throws Error where stdout is not one YAML document */
  resource(): PacketCapture;
}

/** A `pcapper run` of one capture. */
export interface Pcapper {
  pid: number;
  /** Its folder: OUTPUT/NAME. */
  folder: string;
  /** Resolves when the status file says that it captures. @throws Error where it ends before */
  running(): Promise<PacketCapture>;
  /** As published last; undefined before the first one. */
  manifest(): Manifest | undefined;
  kill(signal: NodeJS.Signals): void;
  /** What it said so far. */
  stderr(): string;
  /** Resolves at its end. */
  ended: Promise<PcapperResult>;
}

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

export function capture(name: string, spec: PacketCaptureSpec): PacketCapture {
  return {
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name },
    spec,
  } as PacketCapture;
}

/** Runs one capture; `resource` is a resource, or manifest text whose capture has the given name. */
export function startPcapper(resource: PacketCapture, options: PcapperOptions): Pcapper {
  const name = resource.metadata.name ?? "";
  const manifestPath = join(options.output, `${name}.yaml`);
  writeFileSync(manifestPath, JSON.stringify(resource));
  const command = [...(options.under ?? []), LAUNCHER, "run", "-f", manifestPath, "--output", options.output];
  const child = spawn("setpriv", dyingWithTest(options.namespace?.inside(command) ?? command), {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("cannot start pcapper");
  const kill = atLatestAtExit(() => child.kill("SIGKILL"));
  const told = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    told.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told.stderr += text;
  });
  let gone = false;
  const ended = once(child, "close").then(([exitCode, signal]): PcapperResult => {
    gone = true;
    kill();
    return { exitCode, signal, ...told, resource: () => parse(told.stdout) as PacketCapture };
  });
  const folder = join(options.output, name);
  const running = (): Promise<PacketCapture> =>
    waitUntil(`capture ${name} runs`, () => {
      const status = readStatus(folder);
      if (status?.status?.progress === "running") return status;
      if (gone) throw new Error(`pcapper ended before it captured: ${told.stderr}${told.stdout}`);
      return undefined;
    });
  return {
    pid,
    folder,
    running,
    manifest: () => {
      const [path] = globSync(`${folder}/*.json`, { exclude: (entry) => entry.endsWith(".status.json") });
      return path === undefined ? undefined : readManifest(path);
    },
    kill: (signal) => void child.kill(signal),
    stderr: () => told.stderr,
    ended,
  };
}

/** The newest resource beside the captures; files are replaced atomically, so it is always whole. */
export function readStatus(folder: string): PacketCapture | undefined {
  const [path] = globSync(`${folder}/*.status.json`);
  return path !== undefined && existsSync(path)
    ? (JSON.parse(readFileSync(path, "utf8")) as PacketCapture)
    : undefined;
}
