/** One node for one scenario: networks with traffic, pods, a hostmount, an agent, and a way to the API server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { wayTo } from "../cluster-api/pod-traffic.ts";
import { type CniNode, makeCniNode, type NodePod } from "../helpers/cni-node.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { ApiError } from "../kubernetes/api-client.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { makeNode, makePod, removePod, type StoredObject, setPodStatus } from "../kubernetes/objects.ts";
import { reachFrom } from "../kubernetes/reach-from.ts";
import { type Agent, startAgent } from "./agent.ts";
import type { AgentProgram } from "./agent-program.ts";
import { type ApiAbsence, apiAbsence } from "./api-absence.ts";
import { type ApiProxy, startApiProxy } from "./api-proxy.ts";
import { type Hostmount, makeHostmount } from "./hostmount.ts";
import { persistent } from "./persistent.ts";
import { drawFrom } from "./random.ts";
import { NODE_STREAM, type Scenario } from "./scenario.ts";
import { type Sender, startSender } from "./sender.ts";
import { type Strangers, watchStrangers } from "./strangers.ts";
import { prepareTroubles, type Troubles } from "./troubles.ts";

/** Namespace of the pods; the CNI's cache names it. */
export const PODS = "shop";

export interface SitePod {
  name: string;
  network: NodePod;
}

export interface Site {
  server: ApiServer;
  node: string;
  cniNode: CniNode;
  hostmount: Hostmount;
  proxy: ApiProxy;
  agent: Agent;
  absence: ApiAbsence;
  /** By the name of the stream. */
  senders: Map<string, Sender>;
  strangers: Strangers;
  troubles: Troubles;
  pods: SitePod[];
  /** Makes pod `index` with a network of its own, Running by the API server. */
  makePod(index: number): Promise<void>;
  remove(): Promise<void>;
}

export async function makeSite(server: ApiServer, scenario: Scenario, program: AgentProgram): Promise<Site> {
  const node = `node-${scenario.seed}`;
  const cleanUp: (() => unknown)[] = [];
  const remove = async (): Promise<void> => {
    for (const step of cleanUp.reverse()) await step();
  };
  try {
    const hostmount = makeHostmount(scenario.disk);
    cleanUp.push(hostmount.remove);
    const cniNode = await makeCniNode();
    cleanUp.push(cniNode.remove);
    const proxy = await startApiProxy(server, drawFrom(scenario.seed + 1));
    cleanUp.push(proxy.close);
    const reach = await reachFrom({ ...server, address: proxy.address }, cniNode.network);
    cleanUp.push(reach.stop);
    await makeNode(server.admin, node);
    const pods: SitePod[] = [];
    const makeSitePod = (index: number) => addPod({ server, node, cniNode, pods, scenario }, index);
    for (let index = 0; index < scenario.pods; index += 1) await makeSitePod(index);
    cleanUp.push(() => forgetPods(server, pods));
    const senders = await startSenders(cniNode, pods);
    for (const sender of senders.values()) cleanUp.push(sender.stop);
    const kinds = scenario.faults.map(({ kind }) => kind);
    const troubles = await prepareTroubles(node, kinds, hostmount.path);
    cleanUp.push(troubles.remove);
    const agent = startAgent({
      program,
      libraries: troubles.libraries,
      node,
      network: cniNode.network,
      kubeconfig: await agentKubeconfig(server, proxy.address, cleanUp),
      hostmount: hostmount.path,
      netnsFolder: cniNode.netnsFolder,
      cniCacheFolder: scenario.cniCache ? cniNode.cniCacheFolder : "/nowhere",
      env: {
        MIN_FREE_DISK: "1M",
        TARGET_WAIT: "5s",
        CAPTURE_BUFFER: scenario.captureBuffer,
        ...troubles.env,
      },
      onStart: (pid) => troubles.memory?.add(pid),
      mayDie: troubles.mayDie,
    });
    cleanUp.push(agent.stop);
    const absence = apiAbsence(server);
    cleanUp.push(absence.end);
    const strangers = watchStrangers();
    const parts = { server, node, cniNode, hostmount, proxy, agent, absence, senders, strangers, troubles };
    return { ...parts, pods, makePod: makeSitePod, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function addPod(
  site: Pick<Site, "server" | "node" | "cniNode" | "pods"> & { scenario: Scenario },
  index: number,
): Promise<void> {
  const { server, node, cniNode, pods, scenario } = site;
  const name = `pod-${scenario.seed}-${index}`;
  const address = `10.1.0.${2 + index}`;
  const network = await cniNode.addPod(name, { addresses: [`${address}/24`] });
  pods[index] = { name, network };
  const { metadata } = await persistent(() => makeOrFindPod(server, name, node));
  cniNode.result(metadata.uid, name);
  await persistent(() => setPodStatus(server.admin, PODS, name, { phase: "Running", podIP: address }));
}

/** An answer may be lost on its way: then it is there already. */
async function makeOrFindPod({ admin }: ApiServer, name: string, node: string): Promise<StoredObject> {
  try {
    return await makePod(admin, { namespace: PODS, name, node });
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 409) throw error;
    return admin.get(`/api/v1/namespaces/${PODS}/pods/${name}`);
  }
}

/** Out of the end across: `up1` for the node's `up0`, and the node's end of each pod's veth. */
async function startSenders(cniNode: CniNode, pods: readonly SitePod[]): Promise<Map<string, Sender>> {
  const senders = new Map([[NODE_STREAM, await startSender(cniNode.network, "up1")]]);
  for (const [index, { network }] of pods.entries()) {
    const { veth } = await wayTo(cniNode.network, network, "bridge");
    senders.set(`pod-${index}`, await startSender(cniNode.network, veth));
  }
  return senders;
}

/** As the DaemonSet's, but by way of the proxy. */
async function agentKubeconfig(
  server: ApiServer,
  address: string,
  cleanUp: (() => unknown)[],
): Promise<string> {
  const { text } = await server.serviceAccountKubeconfig("pcapper", "pcapper-agent");
  const folder = makeTemporaryFolder();
  cleanUp.push(folder.remove);
  mkdirSync(folder.path, { recursive: true });
  const path = join(folder.path, "kubeconfig");
  writeFileSync(path, text.replaceAll(server.address, address), { mode: 0o600 });
  return path;
}

async function forgetPods({ admin }: ApiServer, pods: readonly SitePod[]): Promise<void> {
  for (const { name } of pods) await removePod(admin, PODS, name).catch(() => undefined);
}
