import { join } from "node:path";
import { mustExecute } from "../../helpers/execute.ts";
import { findGo } from "./go.ts";
import { onceInCache } from "./once-in-cache.ts";

/** One release everywhere: another one's sentences and renders are not quite the same. */
const RELEASE = "v3.21.4";

/** Path of helm, built from its Go module: a minute at the first use, then none. */
export async function findHelm(): Promise<string> {
  return join(await onceInCache(`helm-${RELEASE}`, build), "helm");
}

async function build(folder: string): Promise<void> {
  const go = await findGo();
  console.log(`building helm ${RELEASE}: this takes a minute, once`);
  const surroundings = ["env", "--unset=GOROOT", "--chdir=/", "CGO_ENABLED=0", "GOFLAGS=", "GOWORK=off"];
  const place = [`GOBIN=${folder}`, "GOTOOLCHAIN=auto", "nice", "-n", "10"];
  // As its Makefile says them: without these it takes every cluster it cannot ask for Kubernetes 1.20.
  const said = {
    "internal/version.version": RELEASE,
    "pkg/chartutil.k8sVersionMajor": "1",
    "pkg/chartutil.k8sVersionMinor": "34",
    "pkg/lint/rules.k8sVersionMajor": "1",
    "pkg/lint/rules.k8sVersionMinor": "34",
  };
  const flags = Object.entries(said).map(([name, value]) => `-X helm.sh/helm/v3/${name}=${value}`);
  const what = [
    "-trimpath",
    "-ldflags",
    ["-s", "-w", ...flags].join(" "),
    `helm.sh/helm/v3/cmd/helm@${RELEASE}`,
  ];
  await mustExecute([...surroundings, ...place, go, "install", ...what]);
}
