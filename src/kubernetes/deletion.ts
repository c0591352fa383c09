import type { KubernetesApi } from "./api.ts";
import { isApiMissing } from "./kubernetes-error.ts";
import type { KubernetesObject } from "./kubernetes-object.ts";
import { capturePath } from "./paths.ts";

const CRD_PATH =
  "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/packetcaptures.packetcapture.pcapper";

interface Conditions {
  status?: { phase?: string; conditions?: { type: string; status: string }[] };
}

interface DeletionQuestion {
  namespace: string;
  name: string;
  uid: string;
  /** When it began, by the API server's time, where that is known: ms since 1970. */
  begun?: number;
}

/**
 * Whether a capture is deleted for sure: the API server says "not found" or has another uid under the name,
 * while CRD and namespace are in good standing. A definition or a namespace that is being torn down takes
 * its captures with it, and is no wish to lose their files. @throws KubernetesError where it cannot be known
 */
export async function isDeleted(
  api: Pick<KubernetesApi, "get">,
  { namespace, name, uid, begun = Number.POSITIVE_INFINITY }: DeletionQuestion,
): Promise<boolean> {
  const capture = await api.get<KubernetesObject>(capturePath({ namespace, name }));
  if (capture?.metadata.uid === uid) return false;
  const crd = await api.get<KubernetesObject & Conditions>(CRD_PATH);
  if (crd === undefined || crd.metadata.deletionTimestamp !== undefined) return false;
  const established = crd.status?.conditions?.some(
    ({ type, status }) => type === "Established" && status === "True",
  );
  if (established !== true || isNewer(crd, begun)) return false;
  const home = await api.get<KubernetesObject & Conditions>(`/api/v1/namespaces/${namespace}`);
  if (home === undefined || home.metadata.deletionTimestamp !== undefined || isNewer(home, begun))
    return false;
  return home.status?.phase === "Active";
}

/**
 * Whether nobody can see or stop a capture any more: the API server says "not found", has another uid under the
 * name, or has no definition of it, or one that is being torn down. It says nothing about its files.
 * @throws KubernetesError where it cannot be known
 */
export async function isGone(
  api: Pick<KubernetesApi, "get">,
  { namespace, name, uid }: Omit<DeletionQuestion, "begun">,
): Promise<boolean> {
  try {
    const capture = await api.get<KubernetesObject>(capturePath({ namespace, name }));
    return capture?.metadata.uid !== uid;
  } catch (error) {
    if (!isApiMissing(error)) throw error;
    const crd = await api.get<KubernetesObject>(CRD_PATH);
    if (crd === undefined || crd.metadata.deletionTimestamp !== undefined) return true;
    throw error;
  }
}

/** One that was made after the capture began: the one before it took the capture along. */
function isNewer({ metadata }: KubernetesObject, begun: number): boolean {
  return Date.parse(metadata.creationTimestamp ?? "") > begun;
}
