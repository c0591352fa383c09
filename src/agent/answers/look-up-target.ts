import { planCapture } from "../../api/plan.ts";
import type { PacketCapture } from "../../api/resource.ts";
import type { KubernetesApi, KubernetesObject } from "../../kubernetes/api.ts";
import type { PodFound, TargetFound } from "./target-found.ts";

/** Reads the target of a capture from the API server. @throws KubernetesError where that cannot be known */
export async function lookUpTarget(
  api: Pick<KubernetesApi, "get">,
  { spec }: PacketCapture,
): Promise<TargetFound> {
  const { target } = planCapture(spec);
  if (target.kind === "node") {
    const node = await api.get<KubernetesObject>(`/api/v1/nodes/${encodeURIComponent(target.node)}`);
    return { kind: "node", exists: node !== undefined };
  }
  const namespace = encodeURIComponent(target.namespace);
  const pod = await api.get<PodFound>(
    `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(target.pod)}`,
  );
  return { kind: "pod", pod };
}
