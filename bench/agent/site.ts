/** An API server of the bench's own with nodes: agents are real processes with the rights of the chart. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type AgentProcess, startAgentProcess } from "../../test/cluster-api/agent-process.ts";
import { makeNetworkNamespace } from "../../test/helpers/network-namespace.ts";
import { makeTemporaryFolder } from "../../test/helpers/temporary-folder.ts";
import { type ApiServer, startApiServer } from "../../test/kubernetes/api-server.ts";
import { makeNamespace, makeNode, makePod } from "../../test/kubernetes/objects.ts";
import { applyAgentRbac, applyCrd } from "../../test/kubernetes/packet-captures.ts";
import { output } from "../command.ts";
import { type FollowedCaptures, followCaptures } from "./follow-captures.ts";
import { mountServiceAccount } from "./service-account.ts";
import { startTraffic } from "./traffic.ts";

export interface BenchAgent {
  node: string;
  process: AgentProcess;
  hostmount: string;
}

export interface Site {
  server: ApiServer;
  captures: FollowedCaptures;
  agents: BenchAgent[];
  /** Starts the agent of one more node; resolves when it works. */
  addAgent(env?: Record<string, string>): Promise<BenchAgent>;
  /** Numbered packets at a steady rate on the interface `near0`, until the site is closed. */
  startTraffic(packetsPerSecond: number): Promise<void>;
  close(): Promise<void>;
}

/** In the network that this process is in: no forwarding between agents and API server adds to what is measured. */
const HERE = { inside: (command: readonly string[]) => [...command] };
/** Twenty captures of a megabyte are no load for the disk. */
const SETTINGS = {
  MAX_CAPTURES: "60",
  CAPTURE_BUFFER: "1Mi",
  HTTP_ADDRESS: "127.0.0.1:0",
  LOG_LEVEL: "info",
};

export async function makeSite(): Promise<Site> {
  const closing: (() => unknown)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.reverse()) await step();
  };
  const server = await startApiServer();
  closing.push(() => server.stop());
  await applyCrd(server);
  await makeNamespace(server.admin, "pcapper");
  await applyAgentRbac(server);
  const account = await mountServiceAccount(server);
  const far = await makeNetworkNamespace();
  closing.push(far.remove);
  const peer = ["peer", "name", "far0", "netns", String(far.pid)];
  await output("ip", "link", "add", "near0", "type", "veth", ...peer);
  closing.push(() => output("ip", "link", "delete", "near0"));
  await output("ip", "link", "set", "near0", "up");
  await far.run("ip", "link", "set", "far0", "up");
  const folder = makeTemporaryFolder();
  closing.push(folder.remove);
  const captures = await followCaptures(server.adminKubeconfig.path);
  closing.push(captures.close);
  const agents: BenchAgent[] = [];
  let nodes = 0;
  closing.push(async () => {
    for (const { process } of agents) process.kill("SIGKILL");
    await Promise.all(agents.map(({ process }) => process.ended));
  });
  return {
    server,
    captures,
    agents,
    addAgent: async (env = {}) => {
      nodes += 1;
      const node = `worker-${nodes}`;
      const hostmount = join(folder.path, node);
      mkdirSync(hostmount);
      const agent: BenchAgent = {
        node,
        hostmount,
        process: await start(server, node, hostmount, { ...account, ...env }),
      };
      agents.push(agent);
      return agent;
    },
    startTraffic: async (rate) => {
      closing.push(await startTraffic(far, rate));
    },
    close,
  };
}

async function start(
  server: ApiServer,
  node: string,
  hostmount: string,
  env: Record<string, string>,
): Promise<AgentProcess> {
  await makeNode(server.admin, node);
  // Agents count each other by their pods.
  await makePod(server.admin, { namespace: "pcapper", name: `agent-${node}`, node });
  return startAgentProcess(server, { node, hostmount, namespace: HERE, env: { ...SETTINGS, ...env } });
}
