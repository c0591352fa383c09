import { spawnSync } from "node:child_process";
import { existsSync, globSync } from "node:fs";

export interface Suite {
  name: string;
  command: string[];
  /** Only with --all (.ci/run). */
  slow?: boolean;
  /** Where vitest writes its counts. */
  vitestReport?: string;
  /** Why this machine cannot run it; undefined = it can. */
  skip?: () => string | undefined;
}

const NATIVE_SOURCES = globSync(["native/**/*.{cc,h}", "bench/native/*.{c,h}"]).sort();

const SHELL_SCRIPTS = globSync([".ci/run", "bin/*", "scripts/*.sh", "native/test/*.sh", "image/*.sh"]).sort();

/** Integration tests make network namespaces: as root, or inside a user namespace. */
const UNSHARE = "unshare --user --map-root-user --net --mount".split(" ");
const isRoot = process.getuid?.() === 0;

function inNamespaces(command: string[]): string[] {
  // `ip netns add` wants a /run of its own to write to.
  return isRoot
    ? command
    : [...UNSHARE, "sh", "-c", 'mount -t tmpfs tmpfs /run && exec "$@"', "sh", ...command];
}

function noNamespaces(): string | undefined {
  if (isRoot || spawnSync("unshare", [...UNSHARE.slice(1), "true"]).status === 0) return undefined;
  return "not root, and this machine does not allow 'unshare --user --net'";
}

function noRoot(): string | undefined {
  return isRoot ? undefined : "not root: nodes are made of namespaces, mounts and cgroups";
}

function vitest(project: string): Pick<Suite, "command" | "vitestReport"> {
  const report = `build/checks/${project}.json`;
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  return { command: ["vitest", "run", "--project", project, ...reporters], vitestReport: report };
}

function namespaced(project: string): Pick<Suite, "command" | "vitestReport" | "skip"> {
  const { command, ...rest } = vitest(project);
  return { command: inNamespaces(command), ...rest, skip: noNamespaces };
}

const SUITES: (Suite & { needs: string })[] = [
  { name: "biome", needs: ".", command: ["biome", "check", "--error-on-warnings"] },
  { name: "types", needs: ".", command: ["tsc", "--noEmit"] },
  { name: "unused code", needs: ".", command: ["knip", "--no-progress"] },
  {
    name: "clang-format",
    needs: ".",
    command: ["clang-format-14", "--dry-run", "-Werror", ...NATIVE_SOURCES],
  },
  { name: "shellcheck", needs: ".", command: ["shellcheck", ...SHELL_SCRIPTS] },
  { name: "native", needs: "native/test/run.sh", command: ["sh", "native/test/run.sh"] },
  { name: "unit", needs: "test/unit", ...vitest("unit") },
  { name: "integration", needs: "test/integration", ...namespaced("integration") },
  // Slow at first: it builds Kubernetes.
  { name: "kubernetes", needs: "test/cluster-api", slow: true, ...vitest("kubernetes") },
  { name: "chart", needs: "test/chart", slow: true, ...vitest("chart") },
  // Builds the images and brings up two nodes.
  { name: "cluster", needs: "test/cluster", slow: true, ...vitest("cluster"), skip: noRoot },
  { name: "kubernetes, slow", needs: "test/cluster-slow", slow: true, ...vitest("kubernetes-slow") },
  { name: "slow", needs: "test/slow", slow: true, ...namespaced("slow") },
  {
    name: "faults",
    needs: "test/faults/main.ts",
    slow: true,
    command: ["node", "test/faults/main.ts", "--minutes", "5"],
    skip: () => (isRoot ? undefined : "not root: it mounts file systems"),
  },
  {
    // One with a killed agent, a burst, a file taken away, a disk that fails.
    name: "faults, address sanitizer",
    needs: "test/faults/main.ts",
    slow: true,
    command: ["node", "test/faults/main.ts", "--sanitize", "--jobs", "2", "--seeds", "0-1,22,25,1005"],
    skip: () => (isRoot ? undefined : "not root: it mounts file systems"),
  },
  {
    name: "day",
    needs: "test/day/main.ts",
    slow: true,
    command: ["node", "test/day/main.ts", "--minutes", "2"],
    skip: () => (isRoot ? undefined : "not root: it makes network namespaces"),
  },
  {
    name: "native, address sanitizer",
    needs: "native/test/run.sh",
    slow: true,
    command: ["sh", "native/test/run.sh", "--sanitize=address"],
  },
  {
    name: "native, thread sanitizer",
    needs: "native/test/run.sh",
    slow: true,
    command: ["sh", "native/test/run.sh", "--sanitize=thread"],
  },
  { name: "fuzz", needs: "native/test/fuzz.sh", slow: true, command: ["sh", "native/test/fuzz.sh", "60"] },
  { name: "bench", needs: "bench/main.ts", slow: true, command: ["sh", "scripts/bench.sh", "--smoke"] },
  {
    name: "bench of the agent",
    needs: "bench/agent/main.ts",
    slow: true,
    command: ["sh", "scripts/bench-agent.sh", "--smoke"],
  },
  { name: "demo", needs: "scripts/demo.sh", slow: true, command: ["sh", "scripts/demo.sh"] },
];

export function availableSuites(): Suite[] {
  return SUITES.filter(({ needs }) => existsSync(needs));
}
