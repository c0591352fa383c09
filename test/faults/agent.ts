/** The node's agent: it may be killed, frozen and started again, also while the API server is out of reach. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { atLatestAtExit } from "../helpers/end-with-test.ts";
import { dyingWithTest } from "../helpers/execute.ts";
import type { NetworkNamespace } from "../helpers/network-namespace.ts";
import type { AgentProgram } from "./agent-program.ts";
import type { Interval, ProcessFigures } from "./oracle/observation.ts";

/** What the agent says when it has its lock and has seen the API server. */
const AT_WORK = "Working for node";
/** Milliseconds. */
const RESTART = 1000;

export interface AgentPlace {
  program: AgentProgram;
  node: string;
  network: NetworkNamespace;
  kubeconfig: string;
  hostmount: string;
  netnsFolder: string;
  cniCacheFolder: string;
  env: Record<string, string>;
  /** Libraries that are loaded before all others. */
  libraries: string[];
  /** A process that has just begun. */
  onStart(pid: number): void;
  /** Something is done to it of which it may end: it is started again, as a kubelet does it. */
  mayDie(): boolean;
}

export interface Agent {
  /** Nobody at work for as long as the returned function is not called; several may ask at once. */
  takeAway(signal: "SIGKILL" | "SIGTERM"): Promise<() => void>;
  signal(signal: NodeJS.Signals): void;
  /** undefined while it is away. */
  pid(): number | undefined;
  /** It has its lock and has seen the API server, and is not frozen. */
  isAtWork(): boolean;
  /** Resolves when it is at work. @throws Error where it ended by itself */
  atWork(seconds: number): Promise<void>;
  /** Times without an agent at work, the current one to now. */
  away(): Interval[];
  /** Of the process that runs now; undefined where there is none. */
  figures(): ProcessFigures | undefined;
  /** Last words of processes that ended and had not been asked to. */
  deaths(): string[];
  log(): string;
  stop(): Promise<void>;
}

export function startAgent(place: AgentPlace): Agent {
  const away: Interval[] = [];
  let log = "";
  let child: ChildProcess | undefined;
  let absences = 0;
  let awaySince: number | undefined = Date.now();
  const deaths: string[] = [];

  const start = (): void => {
    const started = spawn("setpriv", dyingWithTest(commandOf(place)), {
      stdio: ["ignore", "ignore", "pipe"],
      env: {
        ...process.env,
        ...place.program.env,
        ...place.env,
        KUBECONFIG: place.kubeconfig,
        NODE_NAME: place.node,
      },
    });
    child = started;
    if (started.pid !== undefined) place.onStart(started.pid);
    const kill = atLatestAtExit(() => started.kill("SIGKILL"));
    let said = "";
    started.stderr?.setEncoding("utf8").on("data", (text: string) => {
      log += text;
      said += text;
      if (awaySince === undefined || child !== started || !said.includes(AT_WORK)) return;
      away.push({ from: awaySince, to: Date.now() });
      awaySince = undefined;
    });
    void once(started, "close").then(() => {
      kill();
      if (child !== started) return;
      child = undefined;
      awaySince ??= Date.now();
      if (place.mayDie()) setTimeout(startAgain, RESTART);
      else deaths.push(said.slice(-1000));
    });
  };

  const startAgain = (): void => {
    if (child === undefined && absences === 0) start();
  };

  const takeAway = async (signal: "SIGKILL" | "SIGTERM"): Promise<() => void> => {
    absences += 1;
    const taken = child;
    child = undefined;
    awaySince ??= Date.now();
    if (taken !== undefined) {
      const ended = once(taken, "close");
      // A frozen process takes SIGTERM only when it goes on.
      if (signal === "SIGTERM") taken.kill("SIGCONT");
      taken.kill(signal);
      await ended;
    }
    return () => {
      absences -= 1;
      startAgain();
    };
  };

  start();
  return {
    takeAway,
    signal: (signal) => void child?.kill(signal),
    pid: () => child?.pid,
    isAtWork: () => awaySince === undefined && child?.pid !== undefined && !isFrozen(child.pid),
    atWork: async (seconds) => {
      const end = Date.now() + seconds * 1000;
      while (awaySince !== undefined) {
        if (deaths.length > 0) throw new Error(`the agent ended: ${deaths.join("\n")}`);
        if (Date.now() > end)
          throw new Error(`the agent is not at work after ${seconds} s: ${log.slice(-2000)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    away: () => (awaySince === undefined ? away : [...away, { from: awaySince, to: Date.now() }]),
    figures: () => (child?.pid === undefined ? undefined : figuresOf(child.pid)),
    deaths: () => deaths,
    log: () => log,
    stop: async () => {
      await takeAway("SIGKILL");
    },
  };
}

/** On the node's network, with mounts of its own into which the host's go on coming. */
function commandOf(agentPlace: AgentPlace): string[] {
  const { program, libraries, network, hostmount, netnsFolder, cniCacheFolder } = agentPlace;
  const script = 'mount -t sysfs sysfs /sys && exec "$@"';
  // For the agent alone: what brings it to its place would load them too.
  const loaded = [...program.libraries, ...libraries];
  const preload = loaded.length === 0 ? [] : ["env", `LD_PRELOAD=${loaded.join(":")}`];
  const place = ["nsenter", `-t${network.pid}`, "-n", "--", "unshare", "--mount", "--propagation", "slave"];
  const folders = ["--hostmount", hostmount, "--host-path", "/var/pcapper"];
  const found = ["--netns-folder", netnsFolder, "--cni-cache-folder", cniCacheFolder];
  return [...place, "sh", "-c", script, "sh", ...preload, ...program.command, "agent", ...folders, ...found];
}

function isFrozen(pid: number): boolean {
  try {
    return /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return true;
  }
}

function figuresOf(pid: number): ProcessFigures | undefined {
  try {
    const names = readdirSync(`/proc/${pid}/fd`);
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1] ?? 0);
    const sockets = names.filter((name) => isSocket(pid, name)).length;
    return {
      descriptors: names.length - sockets,
      threads: field("Threads"),
      sockets,
      residentKilobytes: field("RssAnon"),
    };
  } catch {
    return undefined;
  }
}

function isSocket(pid: number, name: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/fd/${name}`).startsWith("socket:");
  } catch {
    return false;
  }
}
