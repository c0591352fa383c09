import { dirname } from "node:path";
import { findHelm } from "../kubernetes/binaries/helm.ts";
import type { Programs } from "./control-plane.ts";
import { IMAGE_NAMES } from "./images/images.ts";
import type { ClusterPlace } from "./place.ts";

/** Lines for a shell that is to talk to the cluster: `eval "$(npm run --silent cluster -- env)"`. */
export async function environment(place: ClusterPlace, { kubectl }: Programs): Promise<string> {
  const folders = [kubectl, await findHelm()].map((program) => dirname(program)).join(":");
  return `export KUBECONFIG=${place.kubeconfig}\nexport PATH=${folders}:$PATH\n`;
}

/** How to use a cluster that is up. */
export async function usage(place: ClusterPlace, programs: Programs): Promise<string> {
  const [repository, tag] = IMAGE_NAMES.agent.split(":");
  return `
Cluster ${place.id} is up: two nodes, logs in ${place.logs}.

${await environment(place, programs)}
kubectl get nodes -o wide
kubectl run test-pod --image=${IMAGE_NAMES.tools} --overrides='{"spec":{"nodeName":"node-b"}}'
helm install pcapper chart -n pcapper --create-namespace \\
  --set image.repository=${repository} --set image.tag=${tag} --set image.pullPolicy=IfNotPresent
kubectl run gather --image=${IMAGE_NAMES.mustGather} -- sleep infinity

npm run cluster -- load              # after a change: builds the images anew and gives them to the nodes
npm run cluster -- node node-a ip a  # a command on a node, with its network and its /var
npm run cluster -- down
`;
}
