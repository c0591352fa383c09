import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { dyingWithTest } from "./execute.ts";

/** What an API server has and does, as far as `pcapper gather` asks: exec runs the real export of a node's folder. */
export interface GatherCluster {
  kubeconfig: string;
  /** The hostmount of each node with an agent. */
  nodes: Map<string, string>;
  /** Lists by the last word of their path; a number is an HTTP status to refuse with. */
  lists: Record<"packetcaptures" | "nodes" | "events" | "daemonsets", object[] | number>;
  /** Whether a node's `files` container runs. */
  down: Set<string>;
  /** The pod of a node; `agent-on-NODE` where none is set. The name of one that was replaced is nobody's. */
  podNames: Map<string, string>;
  /** The nodes of all exports so far. */
  asked: string[];
  /** Told after each answer to a list of all pods, nodes and so on, by the last word of its path. */
  onList: (kind: string) => void;
  /** Told how many bytes of a node's exports have left so far. */
  onBytes: (node: string, bytes: number) => void;
  /** Ends all connections, without a word. */
  reset(): void;
  close(): Promise<void>;
}

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

export async function startGatherCluster(folder: string): Promise<GatherCluster> {
  const connections = new Set<Socket>();
  const server = createServer((request, response) =>
    answer(cluster, new URL(request.url ?? "", "http://x"), response),
  );
  server.on("connection", (socket) => {
    connections.add(socket);
    socket.on("close", () => connections.delete(socket));
    socket.on("error", () => undefined);
  });
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url ?? "", "http://x");
    const node = nodeOfPod(cluster, url);
    if (node === undefined) {
      socket.end("HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\npods not found");
      return;
    }
    cluster.asked.push(node);
    sockets.handleUpgrade(request, socket, head, (open) => void runExport(cluster, node, url, open));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(kubeconfigFor(port)));
  const cluster: GatherCluster = {
    kubeconfig,
    nodes: new Map(),
    lists: { packetcaptures: [], nodes: [], events: [], daemonsets: [] },
    down: new Set(),
    podNames: new Map(),
    asked: [],
    onList: () => undefined,
    onBytes: () => undefined,
    reset: () => {
      for (const socket of connections) socket.resetAndDestroy();
    },
    close: async () => {
      for (const socket of connections) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return cluster;
}

function kubeconfigFor(port: number): object {
  return {
    clusters: [
      { name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } },
    ],
    users: [{ name: "u", user: { token: "t" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
}

function answer(cluster: GatherCluster, { pathname, searchParams }: URL, response: ServerResponse): void {
  if (pathname.endsWith("/log")) {
    if (nodeOfPod(cluster, { pathname }) === undefined) response.statusCode = 404;
    response.end(`2026-11-24T10:00:00Z log of ${pathname.split("/").at(-2)}\n`);
    return;
  }
  const [parent, kind = ""] = pathname.split("/").slice(-2);
  if (parent === "packetcaptures") {
    answerOne(cluster.lists.packetcaptures, kind, response);
    return;
  }
  const onNode = /^spec\.nodeName=(.+)$/.exec(searchParams.get("fieldSelector") ?? "")?.[1];
  const pods = [...cluster.nodes.keys()].filter((node) => onNode === undefined || node === onNode);
  const items =
    kind === "pods"
      ? pods.map((node) => podOn(node, podName(cluster, node), !cluster.down.has(node)))
      : (cluster.lists[kind as keyof GatherCluster["lists"]] ?? 404);
  response.setHeader("content-type", "application/json");
  if (typeof items === "number") {
    response.statusCode = items;
    response.end(JSON.stringify({ kind: "Status", code: items, message: `${kind} is refused` }));
    return;
  }
  response.end(JSON.stringify({ kind: "List", metadata: { resourceVersion: "1" }, items }));
  if (onNode === undefined) cluster.onList(kind);
}

function answerOne(captures: object[] | number, name: string, response: ServerResponse): void {
  const all = typeof captures === "number" ? [] : (captures as { metadata: { name: string } }[]);
  const found = all.find(({ metadata }) => metadata.name === name);
  response.setHeader("content-type", "application/json");
  response.statusCode = found === undefined ? 404 : 200;
  const missing = { kind: "Status", code: 404, reason: "NotFound", details: { name } };
  response.end(JSON.stringify(found ?? missing));
}

function podName({ podNames }: GatherCluster, node: string): string {
  return podNames.get(node) ?? `agent-on-${node}`;
}

/** The node whose pod it is at the time. */
function nodeOfPod(cluster: GatherCluster, { pathname }: Pick<URL, "pathname">): string | undefined {
  const name = /\/pods\/([^/]+)\//.exec(pathname)?.[1];
  return [...cluster.nodes.keys()].find((node) => podName(cluster, node) === name);
}

function podOn(node: string, name: string, running: boolean): object {
  return {
    metadata: { name, namespace: "pcapper", uid: name },
    spec: { nodeName: node, containers: [{ name: "agent" }, { name: "files" }] },
    status: { containerStatuses: [{ name: "files", state: running ? { running: {} } : { waiting: {} } }] },
  };
}

/** Its stdout goes out no faster than it is taken, as from a kubelet. */
async function runExport(cluster: GatherCluster, node: string, url: URL, socket: WebSocket): Promise<void> {
  const [, , kind = "", ...rest] = url.searchParams.getAll("command");
  const command = [LAUNCHER, "export", kind, "--hostmount", cluster.nodes.get(node) ?? "", ...rest];
  const child = spawn("setpriv", dyingWithTest(command), { stdio: ["ignore", "pipe", "pipe"] });
  const ended = once(child, "close");
  socket.on("close", () => child.kill("SIGKILL"));
  socket.on("error", () => undefined);
  const send = (channel: number, payload: Buffer): Promise<unknown> =>
    new Promise((resolve) => socket.send(Buffer.concat([Buffer.from([channel]), payload]), resolve));
  child.stderr.on("data", (chunk: Buffer) => void send(2, chunk));
  let bytes = 0;
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    await send(1, chunk);
    bytes += chunk.length;
    cluster.onBytes(node, bytes);
  }
  const [exitCode] = await ended;
  const causes = [{ reason: "ExitCode", message: String(exitCode) }];
  const failure = { status: "Failure", reason: "NonZeroExitCode", message: "failed", details: { causes } };
  await send(3, Buffer.from(JSON.stringify(exitCode === 0 ? { status: "Success" } : failure)));
  socket.close();
}
