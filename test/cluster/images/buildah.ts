import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { mustExecute } from "../../helpers/execute.ts";
import { cacheFolder } from "../../kubernetes/binaries/cache-folder.ts";

/** What a run of buildah notes for its own time only is gone with its mounts, however it ends. */
const WITH_PRIVATE_RUN = 'mount -t tmpfs tmpfs "$1" && shift && exec nice -n 10 "$@"';

/** Images of the tests are in a storage of their own, beside whatever this machine's user has. */
export function buildah(...args: string[]): Promise<string> {
  const [root, run] = [storageFolder("root"), storageFolder("run")];
  const oneAtATime = ["flock", root];
  const privately = ["unshare", "--mount", "sh", "-c", WITH_PRIVATE_RUN, "sh", run];
  const storage = ["--root", root, "--runroot", run, "--storage-driver", "overlay"];
  const surroundings = ["env", `CONTAINERS_CONF=${configuration()}`];
  return mustExecute([...oneAtATime, ...privately, ...surroundings, "buildah", ...storage, ...args]);
}

/** @returns path of a file by which buildah does not make /etc/cni on this machine */
function configuration(): string {
  const path = join(storageFolder("."), "containers.conf");
  const networks = JSON.stringify(storageFolder("networks"));
  if (!existsSync(path)) writeFileSync(path, `[network]\nnetwork_config_dir = ${networks}\n`);
  return path;
}

function storageFolder(name: string): string {
  const folder = join(cacheFolder(), "buildah", name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

export interface Build {
  /** NAME:TAG */
  name: string;
  context: string;
  /** Path of the Dockerfile, where it is not the context's own. */
  file?: string;
  target?: string;
  arguments?: Record<string, string>;
}

/**
 * Builds an image from what this machine has: nothing is pulled. @returns its ID, which stays its own when
 * another build takes the name. @throws Error with what the build said
 */
export async function buildImage(build: Build): Promise<string> {
  const { name, context, file, target, arguments: values = {} } = build;
  const options = ["--isolation", "chroot", "--pull-never", "--layers", "--format", "docker", "--tag", name];
  if (file !== undefined) options.push("--file", file);
  if (target !== undefined) options.push("--target", target);
  for (const [key, value] of Object.entries(values)) options.push("--build-arg", `${key}=${value}`);
  const told = await buildah("build", ...options, context);
  return told.trim().split("\n").at(-1) ?? "";
}
