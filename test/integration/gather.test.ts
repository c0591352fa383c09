import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  closeSync,
  createReadStream,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { dyingWithTest, type Executed, execute } from "../helpers/execute.ts";
import { type GatherCluster, startGatherCluster } from "../helpers/gather-cluster.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");

let folder: TemporaryFolder;
let cluster: GatherCluster;
beforeEach(async () => {
  folder = makeTemporaryFolder();
  cluster = await startGatherCluster(folder.path);
  for (const node of ["node-a", "node-b"]) {
    cluster.nodes.set(node, join(folder.path, "hosts", node));
    mkdirSync(join(folder.path, "hosts", node), { recursive: true });
  }
});
afterEach(async () => {
  await cluster.close();
  folder.remove();
});

const output = (): string => join(folder.path, "out");
const hostmount = (node: string): string => cluster.nodes.get(node) ?? "";
const command = (...args: string[]): string[] => {
  const reach = args.includes("--kubeconfig") ? [] : ["--kubeconfig", cluster.kubeconfig];
  return [LAUNCHER, "gather", ...reach, "--output", output(), ...args];
};
const gather = (...args: string[]): Promise<Executed> => execute(command(...args));
const here = (...path: string[]): string => readFileSync(join(output(), ...path), "utf8");
const summary = () => JSON.parse(here("summary.json"));

function packetCapture(name: string, node: string) {
  return {
    ...{ apiVersion: "packetcapture.pcapper/v1alpha1", kind: "PacketCapture", metadata: { name } },
    status: { progress: "finished", node, fileLocation: `/var/pcapper/${name}` },
  };
}

describe("pcapper gather", () => {
  test("brings the files of all nodes, resources, Events, logs and a summary, and ends with 0", async () => {
    const a = makeCapture(hostmount("node-a"), { files: [madeFile(1, 70_000)] });
    const b = makeCapture(hostmount("node-b"), {
      folder: "pcap2",
      files: [madeFile(1, 10), madeFile(2, 20)],
    });
    cluster.lists.packetcaptures = [packetCapture("pcap1", "node-a"), packetCapture("pcap2", "node-b")];
    cluster.lists.events = [
      { metadata: { name: "e1" }, involvedObject: { kind: "PacketCapture", name: "pcap1" } },
    ];
    const { code, stdout, stderr } = await gather();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    for (const [node, capture, name] of [
      ["node-a", "pcap1", packetName(a, 1)],
      ["node-b", "pcap2", packetName(b, 1)],
      ["node-b", "pcap2", packetName(b, 2)],
      ["node-b", "pcap2", `${b}.json`],
    ] as const) {
      expect(readFileSync(join(output(), node, capture, name))).toEqual(
        readFileSync(join(hostmount(node), capture, name)),
      );
    }
    expect(here("node-a/agent.log")).toContain("log of agent-on-node-a");
    expect(parse(here("cluster/packetcaptures.yaml")).items).toHaveLength(2);
    expect(parse(here("cluster/events.yaml"))).toMatchObject({ kind: "List", items: [{ kind: "Event" }] });
    expect(summary()).toMatchObject({ complete: true, nodes: [{ node: "node-a" }, { node: "node-b" }] });
    expect(stdout).toMatch(
      /^NODE .*\nnode-a +pcap1 +1 +70 kB +complete\nnode-b +pcap2 +2 +30 bytes +complete\n$/,
    );
    expect(
      stderr
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line).level),
    ).not.toContain("error");
  });

  test("a node whose agent is down is named, the rest is brought, and the exit code is 1", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    cluster.down.add("node-b");
    cluster.lists.nodes = ["node-a", "node-b", "node-c"].map((name) => ({ metadata: { name } }));
    cluster.lists.packetcaptures = [packetCapture("pcap1", "node-a"), packetCapture("old", "node-c")];
    const { code, stdout, stderr } = await gather();
    expect(code).toBe(1);
    expect(stdout).toMatch(/node-a +pcap1 +1 +100 bytes +complete/);
    expect(stderr).toContain(
      "pcapper: node node-b: the agent's pod there does not run [PCAPPER_GATHER_INCOMPLETE]\n" +
        "pcapper: node node-c: no agent's pod is there [PCAPPER_GATHER_INCOMPLETE]\n",
    );
    expect(summary()).toMatchObject({ complete: false });
  });

  test("files that are missing on the node make it 1, and the others are kept", async () => {
    const prefix = makeCapture(hostmount("node-a"), { files: [madeFile(1, 100), madeFile(2, 100)] });
    truncateSync(join(hostmount("node-a"), "pcap1", packetName(prefix, 1)), 50);
    const { code, stdout } = await gather();
    expect(code).toBe(1);
    expect(stdout).toContain(`INCOMPLETE: ${packetName(prefix, 1)} has 50 bytes, and its manifest says 100`);
    expect(existsSync(join(output(), "node-a/pcap1", packetName(prefix, 1)))).toBe(true);
  });

  test("names choose captures, and one that nobody knows makes it 1", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    makeCapture(hostmount("node-a"), { folder: "pcap2", files: [madeFile(1, 100)] });
    const { code, stderr } = await gather("pcap2", "typo");
    expect(code).toBe(1);
    expect(stderr).toContain("typo: no node has files of a capture of that name");
    expect(existsSync(join(output(), "node-a/pcap2"))).toBe(true);
    expect(existsSync(join(output(), "node-a/pcap1"))).toBe(false);
  });

  test("who may not list nodes or Events still gets the files; missing Events are told", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    Object.assign(cluster.lists, { nodes: 403, events: 403 });
    const { code, stderr } = await gather();
    expect(code).toBe(1);
    expect(stderr).toMatch(/pcapper: Events: .*403, events is refused \[PCAPPER_GATHER_INCOMPLETE\]\n$/);
    expect(summary().nodes[0].captures[0].files).toHaveLength(1);
  });

  test("who may not list captures is told in one sentence", async () => {
    cluster.lists.packetcaptures = 403;
    const { code, stderr, stdout } = await gather();
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^pcapper: GET .*403, packetcaptures is refused \[PCAPPER_CLUSTER_FAILED\]\n$/);
  });

  test("a namespace without pcapper, and an API server that is not there, are one sentence each", async () => {
    cluster.nodes.clear();
    const empty = await gather("--namespace", "elsewhere");
    expect(empty).toMatchObject({ code: 1, stdout: "" });
    expect(empty.stderr).toMatch(/^pcapper: --namespace is "elsewhere": .* \[PCAPPER_CLUSTER_FAILED\]\n$/);
    const kubeconfig = cluster.kubeconfig;
    writeFileSync(kubeconfig, readFileSync(kubeconfig, "utf8").replace(/127\.0\.0\.1:\d+/, "127.0.0.1:1"));
    const nobody = await gather();
    expect(nobody).toMatchObject({ code: 1, stdout: "" });
    expect(nobody.stderr).toMatch(/^pcapper: GET .*ECONNREFUSED.* \[PCAPPER_CLUSTER_FAILED\]\n$/);
  });

  test.each([
    [["--since", "2"], '--since is "2"'],
    [["--since", ""], '--since is "": write a duration, for example 2h'],
    [["--since", "2h", "--since", "3h"], '--since is there twice, "2h" and "3h": write it once'],
    [["--since", "2h", "--since-time", "2026-11-24T10:00:00Z"], "are both there"],
    [["--context", "nobody"], '--context is "nobody": write one that the kubeconfig has: x'],
    [["--kubeconfig", "/nowhere"], '--kubeconfig is "/nowhere": it cannot be read'],
    [["--namespace="], '--namespace is ""'],
    [["../x"], 'NAME is "../x": write the name of a PacketCapture'],
    [["--unknown"], "unknown option"],
  ])("%j is wrong use, in one sentence", async (args, sentence) => {
    const { code, stdout, stderr } = await gather(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(sentence);
    expect(stderr).toMatch(/^pcapper: [^\n]* \[PCAPPER_BAD_ARGUMENT\]\n$/);
  });

  test("resources that cannot be written here are told, and the files come", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    mkdirSync(output());
    writeFileSync(join(output(), "cluster"), "in the way");
    const { code, stdout, stderr } = await gather();
    expect(code).toBe(1);
    expect(stdout).toMatch(/node-a +pcap1 +1 +100 bytes +complete\n/);
    expect(stderr).toContain("pcapper: resources and Events were not written: EEXIST");
  });

  test("a second gather into the same folder keeps the records of the first", async () => {
    const web = makeCapture(hostmount("node-a"), { folder: "web", files: [madeFile(1, 100)] });
    makeCapture(hostmount("node-a"), { folder: "dns", files: [madeFile(1, 50)] });
    cluster.lists.packetcaptures = [packetCapture("web", "node-a"), packetCapture("dns", "node-a")];
    cluster.lists.events = ["web", "dns"].map((name) => ({
      ...{ metadata: { name }, involvedObject: { kind: "PacketCapture", name } },
    }));
    expect(await gather("web")).toMatchObject({ code: 0 });
    const records = ["summary.json", "cluster/packetcaptures.yaml", "cluster/events.yaml"];
    const first = records.map((name) => here(name));
    cluster.lists.packetcaptures = [packetCapture("dns", "node-a")];
    for (const _again of [1, 2]) expect(await gather("dns")).toMatchObject({ code: 0 });

    expect(records.map((name) => here(`${name}.earlier`))).toEqual(first);
    expect(first[0]).toContain(packetName(web, 1));
    expect(summary().nodes[0].captures).toMatchObject([{ capture: "dns" }]);
    expect(readdirSync(join(output(), "cluster")).sort()).toEqual([
      ...["events.yaml", "events.yaml.earlier"],
      ...["packetcaptures.yaml", "packetcaptures.yaml.earlier"],
    ]);
    expect(readdirSync(output()).filter((name) => name.startsWith("summary"))).toHaveLength(3);
    expect(readdirSync(join(output(), "node-a")).sort()).toEqual(["agent.log", "dns", "web"]);
  });

  test("an output that is a file is wrong use, and so is one whose summary is a folder", async () => {
    mkdirSync(join(output(), "summary.json"), { recursive: true });
    expect(await gather()).toMatchObject({ code: 2, stderr: expect.stringContaining("PCAPPER_BAD_OUTPUT") });
    rmSync(output(), { recursive: true });

    writeFileSync(output(), "");
    const { code, stderr } = await gather();
    expect(code).toBe(2);
    expect(stderr).toMatch(/^pcapper: --output is .* \[PCAPPER_BAD_OUTPUT\]\n$/);
  });
});

describe("pcapper gather of a cluster in trouble", () => {
  test("brings a capture whose agent died before it closed it, and says what may be missing", async () => {
    const part = { ...madeFile(1, 900), published: 640 };
    const prefix = makeCapture(hostmount("node-a"), { part });
    const { metadata, status } = packetCapture("pcap1", "node-a");
    const lost = { ...status, progress: "failure", reason: "AgentLost" };
    cluster.lists.packetcaptures = [{ metadata: { ...metadata, uid: "u1" }, status: lost }];
    const { code, stderr } = await gather("pcap1");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /pcapper: node node-a: pcap1: its resource says AgentLost, but its node has not closed it: /,
    );
    const here = readFileSync(join(output(), "node-a/pcap1", packetName(prefix, 1)));
    expect(here.equals(part.content.subarray(0, 640))).toBe(true);
  });

  test("asks only the nodes that have the captures of those names, and all where one is nowhere", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    cluster.lists.packetcaptures = [packetCapture("pcap1", "node-a")];
    expect(await gather("pcap1")).toMatchObject({ code: 0 });
    expect([...new Set(cluster.asked)]).toEqual(["node-a"]);
    expect(await gather("pcap1", "deleted")).toMatchObject({ code: 1 });
    expect([...new Set(cluster.asked)]).toEqual(["node-a", "node-b"]);
  });

  test("goes on in the pod that has replaced one since the nodes were looked up", async () => {
    const prefix = makeCapture(hostmount("node-b"), { files: [madeFile(1, 100)] });
    cluster.onList = (kind) => {
      if (kind === "pods") cluster.podNames.set("node-b", "agent-of-the-upgrade");
    };
    const { code, stderr } = await gather();
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toContain("node-b: lost, trying again: exec: 404");
    expect(existsSync(join(output(), "node-b/pcap1", packetName(prefix, 1)))).toBe(true);
    expect(here("node-b/agent.log")).toContain("log of agent-of-the-upgrade");
    expect(summary().nodes[1]).toMatchObject({ node: "node-b", pod: "agent-of-the-upgrade" });
  });

  test("says that a DaemonSet has not all of its pods, and does not mind nodes it does not want", async () => {
    cluster.lists.nodes = ["node-a", "node-b", "virtual"].map((name) => ({ metadata: { name } }));
    const status = { desiredNumberScheduled: 2, currentNumberScheduled: 2 };
    cluster.lists.daemonsets = [{ metadata: { name: "pcapper" }, status }];
    expect(await gather()).toMatchObject({ code: 0 });
    cluster.lists.daemonsets = [
      { metadata: { name: "pcapper" }, status: { ...status, desiredNumberScheduled: 3 } },
    ];
    const { code, stderr } = await gather();
    expect(code).toBe(1);
    expect(stderr).toContain(
      "pcapper: the DaemonSet pcapper has pods on 2 of the 3 nodes it wants them on [",
    );
  });

  test("shows what a file's name would do to a terminal, and does not do it", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 100)] });
    writeFileSync(join(hostmount("node-a"), "pcap1", "\u009b2J\u202e.00001.pcap"), "");
    const { code, stdout, stderr } = await gather();
    expect(code).toBe(1);
    expect(stdout).toContain('FAILED: pcap1: "\\x9b2J\\u{202e}.00001.pcap" is no name that pcapper gives\n');
    expect(`${stdout}${stderr}`.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});

describe("pcapper gather of a gigabyte over two nodes", () => {
  const SIZE = 500_000_000;
  /** Kilobytes; 1 GB passes through. client-node alone, which reads the kubeconfig, takes 90 MB. */
  const FLAT = 180_000;

  test("with all connections cut three times ends with 0, equal bytes and flat memory", async () => {
    const names = ["node-a", "node-b"].map((node) => makeHuge(node));
    const cuts = [50_000_000, 90_000_000, 200_000_000];
    let received = 0;
    const lastOf = new Map<string, number>();
    cluster.onBytes = (node, bytes) => {
      const before = lastOf.get(node) ?? 0;
      received += bytes > before ? bytes - before : bytes;
      lastOf.set(node, bytes);
      const [next] = cuts;
      if (next === undefined || received < next) return;
      cuts.shift();
      cluster.reset();
    };
    const child = spawn("setpriv", dyingWithTest(command()), { stdio: ["ignore", "ignore", "pipe"] });
    let peak = 0;
    const looks = setInterval(() => {
      peak = Math.max(peak, residentPeak(child.pid) ?? 0);
    }, 50);
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    clearInterval(looks);
    expect({ code, cuts, stderr }).toMatchObject({ code: 0, cuts: [] });
    expect(stderr).toContain("lost, trying again");
    expect(summary().complete).toBe(true);
    const expected = await sha256(join(hostmount("node-a"), "pcap1", names[0] ?? ""));
    for (const [index, node] of ["node-a", "node-b"].entries()) {
      expect(await sha256(join(output(), node, "pcap1", names[index] ?? ""))).toBe(expected);
    }
    expect(peak).toBeGreaterThan(0);
    expect(peak).toBeLessThan(FLAT);
  });

  test("Ctrl-C keeps what is here and says so, and the same command goes on", async () => {
    const name = makeHuge("node-a");
    const child = spawn("setpriv", dyingWithTest(command()), { stdio: ["ignore", "ignore", "pipe"] });
    cluster.onBytes = (_node, bytes) => {
      if (bytes < 100_000_000) return;
      cluster.onBytes = () => undefined;
      child.kill("SIGINT");
    };
    let stderr = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr += text;
    });
    const [code] = await once(child, "close");
    expect(code).toBe(1);
    expect(stderr).toContain(
      "stopped before all was here: the same command goes on [PCAPPER_GATHER_INCOMPLETE]",
    );
    expect(existsSync(join(output(), "node-a/pcap1", `${name}.partial`))).toBe(true);
    let sent = 0;
    cluster.onBytes = (_node, bytes) => {
      sent = bytes;
    };
    expect(await gather()).toMatchObject({ code: 0 });
    expect(sent).toBeLessThan(SIZE - 50_000_000);
  });

  function makeHuge(node: string): string {
    const prefix = makeCapture(hostmount(node), {
      files: [madeFile(1, 0)],
      manifest: (manifest) => JSON.stringify(manifest).replace('"bytes":0', `"bytes":${SIZE}`),
    });
    const fd = openSync(join(hostmount(node), "pcap1", packetName(prefix, 1)), "r+");
    ftruncateSync(fd, SIZE);
    closeSync(fd);
    return packetName(prefix, 1);
  }
});

/** Kilobytes; undefined when the process is gone. */
function residentPeak(pid: number | undefined): number | undefined {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0);
  } catch {
    return undefined;
  }
}

async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
