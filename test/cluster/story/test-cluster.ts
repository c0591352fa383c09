import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Executed, execute } from "../../helpers/execute.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { findBinaries } from "../../kubernetes/binaries/binaries.ts";
import { mustHelm } from "../../kubernetes/helm.ts";
import { varOf } from "../node-files.ts";
import { clusterPlace } from "../place.ts";

/** The cluster that before-tests.ts has brought up, as its administrator sees it. */

export const place = clusterPlace("test");

export async function kubectl(...args: string[]): Promise<Executed> {
  const { kubectl: program } = await findBinaries();
  const surroundings = ["env", `HOME=${place.folder}`, `KUBECONFIG=${place.kubeconfig}`];
  return execute([...surroundings, program, ...args]);
}

/** @throws Error with what kubectl said, where its exit code is not 0 */
export async function mustKubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await kubectl(...args);
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** An object, or a list of them, as it is now. */
export async function read<T>(...args: string[]): Promise<T> {
  return JSON.parse(await mustKubectl("get", ...args, "--output=json")) as T;
}

export async function apply(...objects: object[]): Promise<void> {
  const folder = makeTemporaryFolder();
  const path = join(folder.path, "objects.json");
  writeFileSync(path, JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
  try {
    await mustKubectl("apply", "--server-side", "--filename", path);
  } finally {
    folder.remove();
  }
}

export const onCluster = (...args: string[]): Promise<string> => mustHelm(args, place.kubeconfig);

/** What is in a node's /var/pcapper, but for the agent's own lock. */
export function filesOn(node: string): string[] {
  const all = readdirSync(join(varOf(place, node), "pcapper"), { recursive: true, encoding: "utf8" });
  return all.filter((path) => !path.startsWith(".")).sort();
}

export const PCAPPER = join(import.meta.dirname, "../../../bin/pcapper");

/** Runs the command on this machine, as a person beside the cluster would. */
export function pcapper(...args: string[]): Promise<Executed> {
  return execute(["env", `KUBECONFIG=${place.kubeconfig}`, PCAPPER, ...args]);
}
