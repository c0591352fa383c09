import type { KubernetesApi } from "../../kubernetes/api.ts";
import { createBackoff } from "../../kubernetes/backoff.ts";
import type { KubernetesObject } from "../../kubernetes/kubernetes-object.ts";

/** What an agent must know before it writes a file. */
interface ClusterFacts {
  /** Uid of the cluster. */
  cluster: string;
  nodeIPs: string[];
}

interface NodeObject {
  status?: { addresses?: { type: string; address: string }[] };
}

/** The namespace that every cluster has for its whole life. */
const HOME = "kube-system";

/**
 * Asked until there is an answer. Why a request fails is in the log of the API's own errors; `say` tells what no
 * request tells.
 * @throws the signal's reason as soon as it is aborted
 */
export async function clusterFacts(
  api: Pick<KubernetesApi, "get" | "onReturn">,
  node: string,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<ClusterFacts> {
  const backoff = createBackoff(signal, { onReturn: api.onReturn });
  let said = false;
  for (;;) {
    signal.throwIfAborted();
    try {
      const home = await api.get<KubernetesObject>(`/api/v1/namespaces/${HOME}`);
      const self = await api.get<NodeObject>(`/api/v1/nodes/${node}`);
      const addresses = self?.status?.addresses ?? [];
      const nodeIPs = addresses.filter(({ type }) => type === "InternalIP").map(({ address }) => address);
      if (home?.metadata.uid !== undefined) return { cluster: home.metadata.uid, nodeIPs };
      if (!said) say(`The cluster has no namespace ${HOME}, whose uid is its name here: waiting for it.`);
      said = true;
      await backoff.wait();
    } catch (error) {
      await backoff.wait(error);
    }
  }
}
