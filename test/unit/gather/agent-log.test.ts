import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { writeAgentLogs } from "../../../src/gather/agent-log.ts";
import type { AgentOfNode } from "../../../src/gather/agent-of-node.ts";
import { layoutOf } from "../../../src/gather/layout.ts";
import { createTransport, type Transport } from "../../../src/kubernetes/transport.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../../helpers/temporary-folder.ts";

let folder: TemporaryFolder;
let server: Server;
let transport: Transport;
let answer: (url: URL, response: ServerResponse) => void;
let asked: URL[];
beforeEach(async () => {
  folder = makeTemporaryFolder();
  asked = [];
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://x");
    asked.push(url);
    response.on("error", () => undefined);
    answer(url, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  transport = createTransport({
    server: `http://127.0.0.1:${port}`,
    credentials: async () => ({ headers: {} }),
  });
});
afterEach(async () => {
  transport.close();
  server.closeAllConnections();
  server.close();
  await once(server, "close");
  folder.remove();
});

const line = (number: number): string => `2026-11-24T10:00:00Z line ${String(number).padStart(6, "0")}\n`;
const lines = (count: number): string => Array.from({ length: count }, (_, index) => line(index)).join("");
const LINE_BYTES = line(0).length;

/** As a kubelet does it: the last lines, and of those the first bytes. */
function tail(text: string, { searchParams }: URL): string {
  const wanted = text.split("\n").slice(-1 - Number(searchParams.get("tailLines")));
  return wanted.join("\n").slice(0, Number(searchParams.get("limitBytes")));
}

/** The pod that each look finds; the last one from then on. */
function agent(...names: string[]): AgentOfNode & { restarts: number } {
  const found = [...names];
  const self = {
    restarts: 0,
    pod: async () => ({
      metadata: { name: found[0] ?? "" },
      status: { containerStatuses: [{ name: "agent", restartCount: self.restarts }] },
    }),
    forget: () => {
      if (found.length > 1) found.shift();
    },
    lastName: () => found[0],
  };
  return self;
}

const write = (of: AgentOfNode, mostBytes = 1_000_000): Promise<string[]> =>
  writeAgentLogs(transport, {
    ...{ namespace: "pcapper", agent: of, layout: layoutOf(folder.path).node("n") },
    ...{ since: undefined, signal: new AbortController().signal, mostBytes },
  });
const here = (name = "agent.log"): string => readFileSync(join(folder.path, "n", name), "utf8");

describe("the log of an agent", () => {
  test("is brought whole where it is short, with that of the one before", async () => {
    answer = ({ searchParams }, response) =>
      response.end(searchParams.has("previous") ? "before\n" : lines(10));
    const restarted = agent("p");
    restarted.restarts = 2;
    expect(await write(restarted)).toEqual([]);
    expect(here()).toBe(lines(10));
    expect(here("agent-previous.log")).toBe("before\n");
    expect(asked.map(({ pathname }) => pathname)).toEqual(
      Array(2).fill("/api/v1/namespaces/pcapper/pods/p/log"),
    );
  });

  test("has its last lines where there are many, and that is said", async () => {
    answer = (url, response) => response.end(tail(lines(100_500), url));
    expect(await write(agent("p"), 100_000_000)).toEqual([
      "agent.log has the last 100000 lines, and older ones are not here",
    ]);
    expect(here().slice(0, LINE_BYTES)).toBe(line(500));
    expect(here().slice(-LINE_BYTES)).toBe(line(100_499));
  });

  test("has fewer lines where those would be too many bytes, and still the last ones", async () => {
    answer = (url, response) => response.end(tail(lines(20_000), url));
    expect(await write(agent("p"), LINE_BYTES * 15_000)).toEqual([
      "agent.log has the last 10000 lines, and older ones are not here",
    ]);
    expect(asked.map(({ searchParams }) => searchParams.get("tailLines"))).toEqual(["100000", "10000"]);
    expect(here()).toHaveLength(LINE_BYTES * 10_000);
    expect(here().slice(-LINE_BYTES)).toBe(line(19_999));
  });

  test("of a node that sends without an end is cut, to the byte", async () => {
    const piece = Buffer.alloc(10_000, "x");
    answer = (_url, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once("drain", more);
      };
      more();
    };
    expect(await write(agent("p"), 123_456)).toEqual([
      "agent.log was cut at 123.5 kB: its last lines are longer",
    ]);
    expect(here()).toHaveLength(123_456);
    expect(asked).toHaveLength(3);
  });

  test("is that of the new pod where the pod was replaced meanwhile", async () => {
    answer = ({ pathname }, response) => {
      if (pathname.includes("/old/")) response.statusCode = 404;
      response.end(`log of ${pathname.split("/").at(-2)}\n`);
    };
    expect(await write(agent("old", "new"))).toEqual([]);
    expect(here()).toBe("log of new\n");
  });

  test("that does not go on where an earlier one ended leaves that one here, and says so", async () => {
    const logs = [lines(3), lines(5), "log of another pod\n"];
    answer = (_url, response) => response.end(logs[asked.length - 1]);
    expect(await write(agent("p"))).toEqual([]);
    expect(await write(agent("p"))).toEqual([]);
    expect(readdirSync(join(folder.path, "n"))).toEqual(["agent.log"]);
    expect(await write(agent("p"))).toEqual([
      "agent.log does not go on where the one here ended: that is kept as agent.log.earlier",
    ]);
    expect(here()).toBe("log of another pod\n");
    expect(here("agent.log.earlier")).toBe(lines(5));
  });

  test("that is refused is an error, and leaves nothing", async () => {
    answer = (_url, response) => {
      response.statusCode = 403;
      response.end(JSON.stringify({ kind: "Status", message: "you may not" }));
    };
    await expect(write(agent("p"))).rejects.toThrow("the agent's log: 403");
    expect(readdirSync(join(folder.path, "n"))).toEqual([]);
  });
});
