import { type Executed, execute } from "../helpers/execute.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { findHelm } from "./binaries/helm.ts";

export const chartFolder = new URL("../../chart", import.meta.url).pathname;

/** Values of a chart by their top-level names. */
export type Values = Readonly<Record<string, unknown>>;

let home: TemporaryFolder | undefined;

/** Runs helm with a home of its own; without `kubeconfig` it knows no cluster. Never throws for an exit code. */
export async function helm(args: readonly string[], kubeconfig = "/dev/null"): Promise<Executed> {
  home ??= makeTemporaryFolder();
  const surroundings = ["env", `HOME=${home.path}`, `KUBECONFIG=${kubeconfig}`];
  return execute([...surroundings, await findHelm(), ...args]);
}

/** @throws Error with what helm said, where its exit code is not 0 */
export async function mustHelm(args: readonly string[], kubeconfig?: string): Promise<string> {
  const { code, stdout, stderr } = await helm(args, kubeconfig);
  if (code !== 0) throw new Error(`helm ${args.join(" ")} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

/** Options that set values, with their types kept. */
export function valueOptions(values: Values): string[] {
  return Object.entries(values).flatMap(([name, value]) => [
    "--set-json",
    `${name}=${JSON.stringify(value)}`,
  ]);
}

export interface ReleaseNames {
  release?: string;
  namespace?: string;
}

/** What `helm template` makes of the project's chart: YAML documents; only the templates named, where some are. */
export function renderChart(
  values: Values = {},
  templates: readonly string[] = [],
  { release = "pcapper", namespace = "pcapper" }: ReleaseNames = {},
): Promise<string> {
  const only = templates.flatMap((path) => ["--show-only", `templates/${path}`]);
  const template = ["template", release, chartFolder, "--namespace", namespace];
  return mustHelm([...template, ...valueOptions(values), ...only]);
}
