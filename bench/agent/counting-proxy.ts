import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { Agent, request } from "node:https";
import type { AddressInfo } from "node:net";
import { parse } from "yaml";

/** The API server once more, for one agent, over plain HTTP: it counts what the agent is sent. */
export interface CountingProxy {
  /** A kubeconfig for it, as text. */
  kubeconfig: string;
  /** Watch events by kind and watch, bookmarks left out: `MODIFIED packetcaptures status.node=` → how many. */
  events(): Record<string, number>;
  /** From now on. */
  reset(): void;
  close(): void;
}

interface Kubeconfig {
  clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
}

/** @param kubeconfig of the agent, straight to the API server */
export async function startCountingProxy(kubeconfig: string): Promise<CountingProxy> {
  const [first] = (parse(kubeconfig) as Kubeconfig).clusters;
  if (first === undefined) throw new Error("the kubeconfig names no cluster");
  const { server: address, "certificate-authority-data": authority } = first.cluster;
  const agent = new Agent({ keepAlive: true, ca: Buffer.from(authority, "base64") });
  const counts = new Map<string, number>();

  const count = (path: string, line: string): void => {
    const { type } = JSON.parse(line) as { type: string };
    if (type === "BOOKMARK") return;
    const { pathname, searchParams } = new URL(path, address);
    const key = `${type} ${pathname.split("/").at(-1)} ${searchParams.get("fieldSelector") ?? ""}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const { method = "GET", url = "/", headers } = incoming;
    const { host: _host, connection: _connection, ...kept } = headers;
    const upstream = request(new URL(url, address), { method, headers: kept, agent });
    upstream.on("error", () => outgoing.destroy());
    outgoing.on("close", () => upstream.destroy());
    upstream.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      if (url.includes("watch=true")) forEachLine(answer, (line) => count(url, line));
      answer.pipe(outgoing);
    });
    incoming.pipe(upstream);
  };

  const server = createServer(pass).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    kubeconfig: kubeconfig
      .replace(address, `http://127.0.0.1:${port}`)
      // Without it client-node takes no plain HTTP.
      .replace(/certificate-authority-data: .*/, "insecure-skip-tls-verify: true"),
    events: () => Object.fromEntries(counts),
    reset: () => counts.clear(),
    close: () => {
      server.closeAllConnections();
      server.close();
      agent.destroy();
    },
  };
}

/** Whole lines as they come. */
function forEachLine(answer: IncomingMessage, take: (line: string) => void): void {
  let rest = "";
  answer.on("data", (chunk: Buffer) => {
    const lines = `${rest}${chunk.toString("latin1")}`.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) if (line.trim() !== "") take(line);
  });
}
