import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../../helpers/execute.ts";
import { findGo } from "./go.ts";
import { onceInCache } from "./once-in-cache.ts";

/** What an API server by itself needs, and what a cluster with nodes needs besides. */
const PROGRAMS = {
  api: ["kube-apiserver", "kubectl"],
  nodes: ["kube-controller-manager", "kube-scheduler", "kubelet"],
} as const;

const MODULE = import.meta.dirname;

/** Folder with programs of Kubernetes, built from its Go module: minutes at the first use, then none. */
export async function buildKubernetes(set: keyof typeof PROGRAMS): Promise<string> {
  const sources = ["go.mod", "go.sum", "tools.go"].map((name) => readFileSync(join(MODULE, name), "utf8"));
  const key = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 16);
  const release = releaseOf(sources[0] ?? "");
  return onceInCache(`kubernetes-${set}-${key}`, (folder) => build(folder, PROGRAMS[set], release));
}

function releaseOf(goMod: string): string {
  const [, release] = /k8s\.io\/kubernetes (v\S+)/.exec(goMod) ?? [];
  if (release === undefined) throw new Error("go.mod names no release of k8s.io/kubernetes");
  return release;
}

async function build(folder: string, programs: readonly string[], release: string): Promise<void> {
  const go = await findGo();
  console.log(`building ${programs.join(", ")} ${release}: this takes minutes, once`);
  const [major = "", minor = ""] = release.slice(1).split(".");
  // What the programs say of themselves; without it kubectl and the server disagree about their versions.
  const version = { gitVersion: release, gitMajor: major, gitMinor: minor };
  const said = Object.entries(version).map(
    ([name, value]) => `-X k8s.io/component-base/version.${name}=${value}`,
  );
  const surroundings = [
    "env",
    "--unset=GOROOT",
    `--chdir=${MODULE}`,
    "CGO_ENABLED=0",
    "GOFLAGS=",
    "GOWORK=off",
  ];
  // A GOTOOLCHAIN=local of the machine would keep a Go of 1.21 to 1.23 from getting what go.mod asks for.
  const command = ["GOTOOLCHAIN=auto", "nice", "-n", "10", go, "build", "-mod=readonly", "-trimpath"];
  const packages = programs.map((program) => `k8s.io/kubernetes/cmd/${program}`);
  await mustExecute([
    ...surroundings,
    ...command,
    "-ldflags",
    ["-s", "-w", ...said].join(" "),
    "-o",
    `${folder}/`,
    ...packages,
  ]);
}
