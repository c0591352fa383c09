/** Addresses inside the cluster's own network namespaces: every cluster of a machine may have the same. */

export interface NodeAddresses {
  /** As Kubernetes names the node. */
  name: string;
  address: string;
  /** What its pods get addresses of. */
  pods: string;
}

export const NODES: readonly NodeAddresses[] = [
  { name: "node-a", address: "10.44.0.11", pods: "10.45.1.0/24" },
  { name: "node-b", address: "10.44.0.12", pods: "10.45.2.0/24" },
];

export const CONTROL_PLANE = "10.44.0.1";

export const SERVICES = "10.96.0.0/16";

/** First of SERVICES: the service `kubernetes`. The control plane has it as an address, for there is no kube-proxy. */
export const API_SERVICE = "10.96.0.1";

/** The port of that service, so that nothing has to translate it. */
export const API_PORT = 443;
