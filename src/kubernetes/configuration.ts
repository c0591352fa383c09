import { existsSync } from "node:fs";
import type { RequestOptions } from "node:https";
import { join } from "node:path";
import { serviceAccountConfiguration } from "./service-account.ts";

/** Where the API server is, and who we are for it. */
export interface Configuration {
  /** Address of the API server, perhaps with a path, without a slash at its end. */
  server: string;
  /** What a request needs now: credentials change while a process lives. */
  credentials(): Promise<Credentials>;
}

/** Options of node:https: headers, certificates, and an agent where there is a proxy. */
export type Credentials = Pick<
  RequestOptions,
  "ca" | "cert" | "key" | "rejectUnauthorized" | "servername" | "auth" | "agent"
> & { headers: Record<string, string> };

/** What a command line may say about it. */
export interface KubeconfigChoice {
  /** A path, instead of KUBECONFIG and ~/.kube/config. */
  kubeconfig?: string;
  /** Instead of the current one. */
  context?: string;
}

/**
 * As kubectl finds it: KUBECONFIG, ~/.kube/config, or the service account of the pod.
 * @throws PcapperError PCAPPER_BAD_ENVIRONMENT where there is none, or it cannot be used; PCAPPER_BAD_ARGUMENT
 * where what was chosen is not there
 */
export async function loadConfiguration(choice: KubeconfigChoice = {}): Promise<Configuration> {
  const chosen = choice.kubeconfig !== undefined || choice.context !== undefined;
  const inPod = chosen || hasKubeconfig() ? undefined : serviceAccountConfiguration(process.env);
  if (inPod !== undefined) return inPod;
  // Loaded late: what needs no kubeconfig does not pay for it.
  const { loadKubeconfig } = await import("./kubeconfig.ts");
  return loadKubeconfig(choice);
}

function hasKubeconfig(): boolean {
  const { KUBECONFIG = "", HOME = "" } = process.env;
  return KUBECONFIG !== "" || (HOME !== "" && existsSync(join(HOME, ".kube", "config")));
}
