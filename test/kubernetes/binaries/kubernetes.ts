import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../../helpers/execute.ts";
import { findGo } from "./go.ts";
import { onceInCache } from "./once-in-cache.ts";

const PROGRAMS = ["kube-apiserver", "kubectl"];
const MODULE = import.meta.dirname;

/** Folder with the programs of Kubernetes, built from its Go module: minutes at the first use, then none. */
export async function buildKubernetes(): Promise<string> {
  const sources = ["go.mod", "go.sum", "tools.go"].map((name) => readFileSync(join(MODULE, name), "utf8"));
  const key = createHash("sha256").update(sources.join("\0")).digest("hex").slice(0, 16);
  return onceInCache(`kubernetes-${key}`, (folder) => build(folder, releaseOf(sources[0] ?? "")));
}

function releaseOf(goMod: string): string {
  const [, release] = /k8s\.io\/kubernetes (v\S+)/.exec(goMod) ?? [];
  if (release === undefined) throw new Error("go.mod names no release of k8s.io/kubernetes");
  return release;
}

async function build(folder: string, release: string): Promise<void> {
  const go = await findGo();
  console.log(`building ${PROGRAMS.join(" and ")} ${release}: this takes minutes, once`);
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
  const packages = PROGRAMS.map((program) => `k8s.io/kubernetes/cmd/${program}`);
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
