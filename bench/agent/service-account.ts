import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import type { ApiServer } from "../../test/kubernetes/api-server.ts";

const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

interface Kubeconfig {
  clusters: { cluster: { "certificate-authority-data": string } }[];
  users: { user: { token: string } }[];
}

/** Whether this process has a network and a /run of its own: the script that makes them says so. */
export function isApart(): boolean {
  return process.env.PCAPPER_BENCH_APART === "1";
}

/** Puts the agents' service account where a pod has it. @returns the environment that a pod has beside it */
export async function mountServiceAccount(server: ApiServer): Promise<Record<string, string>> {
  const { text } = await server.serviceAccountKubeconfig("pcapper", "pcapper-agent");
  const { clusters, users } = parse(text) as Kubeconfig;
  mkdirSync(FOLDER, { recursive: true });
  const authority = clusters[0]?.cluster["certificate-authority-data"] ?? "";
  writeFileSync(join(FOLDER, "ca.crt"), Buffer.from(authority, "base64"));
  writeFileSync(join(FOLDER, "token"), users[0]?.user.token ?? "", { mode: 0o600 });
  const { hostname, port } = new URL(server.address);
  // No kubeconfig: a pod has none.
  return { KUBECONFIG: "", HOME: "", KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
}
