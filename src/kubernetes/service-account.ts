import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { isIPv6 } from "node:net";
import { join } from "node:path";
import type { Configuration } from "./configuration.ts";

/** Where kubelet mounts a pod's service account; it changes the files while the pod lives. */
const FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a pod is told about its API server. client-node could say the same, for 15 MiB of memory on every
 * node. undefined where this process is in no pod, or was not given a service account.
 */
export function serviceAccountConfiguration(
  environment: Environment,
  folder: string = FOLDER,
): Configuration | undefined {
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = environment;
  const token = join(folder, "token");
  if (!host || !port || !existsSync(token)) return undefined;
  return {
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    credentials: async () => ({
      ca: await readFile(join(folder, "ca.crt")),
      headers: { authorization: `Bearer ${(await readFile(token, "utf8")).trim()}` },
    }),
  };
}
