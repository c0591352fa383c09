import { KIND, type PacketCapture } from "../api/resource.ts";
import { PcapperError } from "../errors.ts";
import type { KubernetesApi, KubernetesObject, Query } from "../kubernetes/api.ts";
import { KubernetesError } from "../kubernetes/api.ts";
import { capturesPath } from "../kubernetes/paths.ts";
import { type AgentPod, watchedNamespace } from "./agent-pods.ts";
import type { ClusterFacts, DaemonSet } from "./cluster-facts.ts";

const AGENTS = "app.kubernetes.io/name=pcapper,app.kubernetes.io/component=agent";
const PAGE = "500";
/** An API server forgets the rest of a list after some minutes, sooner where etcd is compacted. */
const LIST_TRIES = 3;

type Api = Pick<KubernetesApi, "list">;

/**
 * @param names of captures; all where there are none
 * @throws PcapperError PCAPPER_CLUSTER_FAILED where the agents or the captures cannot be listed
 */
export async function surveyCluster(
  api: Api,
  namespace: string,
  names: readonly string[],
  onProblem: (sentence: string) => void,
): Promise<ClusterFacts> {
  const pods = await must(agentPods(api, namespace));
  const watched = watchedNamespace(pods) ?? namespace;
  const captures = await must(listAll<KubernetesObject>(api, capturesPath(watched)));
  if (pods.length === 0 && captures.length === 0) throw nothingThere(namespace);
  const wanted = (name: string) => names.length === 0 || names.includes(name);
  const events = await listAll<EventObject>(api, `/api/v1/namespaces/${watched}/events`).catch(orProblem([]));
  return {
    pods,
    watched,
    captures: captures.filter(({ metadata }) => wanted(metadata.name)) as unknown as PacketCapture[],
    events: events.filter((event) => names.length === 0 || isOfCapture(event, names)),
    daemonSets: await daemonSets(api, namespace).catch(() => []),
    nodes: await listAll<KubernetesObject>(api, "/api/v1/nodes").catch(() => undefined),
  };

  function orProblem<T>(instead: T): (error: unknown) => T {
    return (error) => {
      onProblem(`Events: ${error instanceof Error ? error.message : String(error)}`);
      return instead;
    };
  }
}

/** The agents' pods, on one node or on all. @throws KubernetesError */
export function agentPods(api: Api, namespace: string, node?: string): Promise<AgentPod[]> {
  const onNode = node === undefined ? {} : { fieldSelector: `spec.nodeName=${node}` };
  return listAll(api, `/api/v1/namespaces/${namespace}/pods`, { labelSelector: AGENTS, ...onNode });
}

function daemonSets(api: Api, namespace: string): Promise<DaemonSet[]> {
  return listAll(api, `/apis/apps/v1/namespaces/${namespace}/daemonsets`, { labelSelector: AGENTS });
}

interface EventObject extends KubernetesObject {
  involvedObject?: { kind?: string; name?: string };
}

function isOfCapture({ involvedObject }: EventObject, names: readonly string[]): boolean {
  return involvedObject?.kind === KIND && names.includes(involvedObject.name ?? "");
}

/** A few hundred at a time; from the start again where the rest of a list has expired. @throws KubernetesError */
async function listAll<T extends KubernetesObject>(api: Api, path: string, query: Query = {}): Promise<T[]> {
  for (let tries = LIST_TRIES; ; tries -= 1) {
    try {
      return await listOnce(api, path, query);
    } catch (error) {
      if (tries <= 1 || !(error instanceof KubernetesError && error.status === 410)) throw error;
    }
  }
}

async function listOnce<T extends KubernetesObject>(api: Api, path: string, query: Query): Promise<T[]> {
  const all: T[] = [];
  for (let next: string | undefined = ""; next !== undefined; ) {
    const more: Query = next === "" ? {} : { continue: next };
    const page = await api.list<T>(path, { ...query, limit: PAGE, ...more });
    all.push(...page.items);
    next = page.continueToken;
  }
  return all;
}

async function must<T>(listing: Promise<T>): Promise<T> {
  try {
    return await listing;
  } catch (error) {
    if (!(error instanceof KubernetesError)) throw error;
    throw new PcapperError("PCAPPER_CLUSTER_FAILED", error.message, { cause: error });
  }
}

function nothingThere(namespace: string): PcapperError {
  return new PcapperError(
    "PCAPPER_CLUSTER_FAILED",
    `--namespace is "${namespace}": there is neither an agent's pod nor a PacketCapture in it`,
  );
}
