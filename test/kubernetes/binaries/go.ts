import { chmodSync, cpSync, globSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { execute, mustExecute } from "../../helpers/execute.ts";
import { isExecutable, onPath } from "./on-path.ts";
import { onceInCache } from "./once-in-cache.ts";

/** What an older Go fetches for itself: the release, and its checksum as the checksum database has it. */
const RELEASE = "1.24.13";
const CHECKSUMS: Partial<Record<NodeJS.Architecture, string>> = {
  x64: "h1:5sgfUhn9QCgVl4UYj32GrIYFHI3bi2UX55tNfupXwxc=",
};
const GO_NAMES: Partial<Record<NodeJS.Architecture, string>> = { x64: "amd64" };

const USUAL_PLACE = "/usr/local/go/bin/go";

/** From this release on, Go gets the release that a go.mod asks for by itself. */
const OLDEST_MINOR = 21;

/**
 * Path of a Go that can build Kubernetes. Debian 12's own 1.19 is too old, but it can fetch a newer one,
 * which is a Go module like any other.
 */
export async function findGo(): Promise<string> {
  const installed = onPath("go") ?? [USUAL_PLACE].find(isExecutable);
  if (installed === undefined) {
    throw new Error("Go is needed to build Kubernetes for the tests: apt-get install golang-go");
  }
  const version = await mustExecute([installed, "env", "GOVERSION"]);
  const minor = Number(/^go1\.(\d+)/.exec(version)?.[1]);
  if (minor >= OLDEST_MINOR) return installed;
  const folder = await onceInCache(`go${RELEASE}`, (draft) => fetchRelease(installed, draft));
  return join(folder, "bin/go");
}

async function fetchRelease(oldGo: string, folder: string): Promise<void> {
  const module = `golang.org/toolchain@v0.0.1-go${RELEASE}.linux-${GO_NAMES[process.arch] ?? process.arch}`;
  const outsideModules = ["env", "--chdir=/", "GOFLAGS=", oldGo];
  const { stdout, stderr, code } = await execute([...outsideModules, "mod", "download", "-json", module]);
  if (code !== 0) throw new Error(`cannot get Go ${RELEASE}: ${stderr}${stdout}`);
  const { Dir, Sum } = JSON.parse(stdout) as { Dir: string; Sum: string };
  const expected = CHECKSUMS[process.arch];
  if (expected !== undefined && Sum !== expected) throw new Error(`${module} has the checksum ${Sum}`);
  cpSync(Dir, folder, { recursive: true });
  await mustExecute(["chmod", "-R", "u+w", folder]);
  makeUsable(folder);
}

/** A module has no file modes and may not contain a go.mod below its root: both are put back. */
function makeUsable(folder: string): void {
  const programs = globSync(["bin/*", "pkg/tool/*/*"], { cwd: folder });
  for (const program of programs) chmodSync(join(folder, program), 0o755);
  for (const path of globSync("**/_go.mod", { cwd: folder })) {
    renameSync(join(folder, path), join(folder, dirname(path), "go.mod"));
  }
}
