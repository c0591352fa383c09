import type { ApiClient } from "./api-client.ts";

/** What a token lives and dies with: an agent's is bound to its pod, and thereby says its node. */
export interface TokenOptions {
  /** Name of a pod in the account's namespace, which must run as that account. */
  pod?: string;
  node?: string;
  /** At least 600. */
  expirationSeconds?: number;
}

interface Named {
  metadata: { name: string; uid: string };
}

/** A token of a service account as kubelet would ask for it (TokenRequest). */
export async function serviceAccountToken(
  admin: ApiClient,
  namespace: string,
  name: string,
  { pod, node, expirationSeconds = 3600 }: TokenOptions = {},
): Promise<string> {
  const bound =
    pod !== undefined
      ? await reference(admin, "Pod", `/api/v1/namespaces/${namespace}/pods/${pod}`)
      : node !== undefined
        ? await reference(admin, "Node", `/api/v1/nodes/${node}`)
        : undefined;
  const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
  const { status } = await admin.post<{ status: { token: string } }>(path, {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    spec: { expirationSeconds, ...(bound && { boundObjectRef: bound }) },
  });
  return status.token;
}

async function reference(admin: ApiClient, kind: string, path: string): Promise<object> {
  const { metadata } = await admin.get<Named>(path);
  return { apiVersion: "v1", kind, name: metadata.name, uid: metadata.uid };
}
