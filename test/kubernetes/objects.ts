import type { ApiClient } from "./api-client.ts";

/** Objects that controllers and kubelets would make; here a test says what they are. */

export interface StoredObject {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    deletionTimestamp?: string;
  };
}

export function makeNamespace(admin: ApiClient, name: string): Promise<StoredObject> {
  return admin.post("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name } });
}

/** A node that says it is Ready. */
export async function makeNode(admin: ApiClient, name: string): Promise<StoredObject> {
  const node = { apiVersion: "v1", kind: "Node", metadata: { name } };
  await admin.post("/api/v1/nodes", node);
  return admin.patch(`/api/v1/nodes/${name}/status`, {
    status: { conditions: [{ type: "Ready", status: "True" }] },
  });
}

export interface PodOptions {
  namespace: string;
  name: string;
  /** Unscheduled without it. */
  node?: string;
  serviceAccount?: string;
  hostNetwork?: boolean;
  labels?: Record<string, string>;
}

/** A pod that waits for its status: no kubelet starts it. */
export function makePod(admin: ApiClient, options: PodOptions): Promise<StoredObject> {
  const { namespace, name, node, serviceAccount, hostNetwork = false, labels = {} } = options;
  return admin.post(`/api/v1/namespaces/${namespace}/pods`, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels },
    spec: {
      containers: [{ name: "main", image: "none" }],
      hostNetwork,
      ...(node !== undefined && { nodeName: node }),
      ...(serviceAccount !== undefined && { serviceAccountName: serviceAccount }),
    },
  });
}

export interface PodStatus {
  phase: "Pending" | "Running" | "Succeeded" | "Failed";
  hostIP?: string;
  podIP?: string;
  podIPs?: { ip: string }[];
}

/** Says what a kubelet would say of a pod, for example `{ phase: "Running", podIP: "10.1.0.2" }`. */
export function setPodStatus(
  admin: ApiClient,
  namespace: string,
  name: string,
  status: PodStatus,
): Promise<StoredObject> {
  const podIPs = status.podIPs ?? (status.podIP === undefined ? [] : [{ ip: status.podIP }]);
  return admin.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, {
    status: { ...status, podIPs },
  });
}

/** Removes a pod at once, as a kubelet does when its containers have ended. */
export async function removePod(admin: ApiClient, namespace: string, name: string): Promise<void> {
  await admin.delete(`/api/v1/namespaces/${namespace}/pods/${name}?gracePeriodSeconds=0`);
}

/** Lets a namespace go that is being deleted: no controller does it here. */
export async function finalizeNamespace(admin: ApiClient, name: string): Promise<void> {
  const namespace = await admin.get<StoredObject>(`/api/v1/namespaces/${name}`);
  await admin.put(`/api/v1/namespaces/${name}/finalize`, { ...namespace, spec: { finalizers: [] } });
}

export interface StoredEvent extends StoredObject {
  type: string;
  reason: string;
  message: string;
  count?: number;
  involvedObject: { kind: string; name: string; namespace?: string; uid?: string };
}

/** Events of a namespace, those about the object `about` only where it is given. */
export async function listEvents(
  admin: ApiClient,
  namespace: string,
  about?: string,
): Promise<StoredEvent[]> {
  const selector = about === undefined ? "" : `?fieldSelector=involvedObject.name=${about}`;
  const path = `/api/v1/namespaces/${namespace}/events${selector}`;
  return (await admin.get<{ items: StoredEvent[] }>(path)).items;
}
