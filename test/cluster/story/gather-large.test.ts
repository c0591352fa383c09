import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { dyingWithTest, mustExecute } from "../../helpers/execute.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { senderProgram } from "../../traffic/compile.ts";
import { NODES } from "../addresses.ts";

import { holderPid, inNetwork } from "../holder.ts";
import { varOf } from "../node-files.ts";
import { breakConnections } from "../way-in.ts";
import { capture, deleteCaptures, stop, untilProgress } from "./captures.ts";
import { agentPods, install, NAMESPACE, uninstall } from "./installation.ts";
import { mustKubectl, PCAPPER, pcapper, place } from "./test-cluster.ts";

/** A gigabyte of each node: datagrams of 60 kB, so that traffic is not what takes the time. */
const DATAGRAMS = 17_000;
const GIGABYTE = 1_000_000_000;

/** Of one test, on a machine that has other things to do. */
const LONG = 600_000;

/** What gather needs at most, whatever the size of the files: Node.js with a client takes some 100 MB. */
const MOST_MEMORY = 200_000_000;

describeAsRoot("gathering large captures", () => {
  const gathered = makeTemporaryFolder();

  beforeAll(async () => {
    await install();
    await Promise.all(NODES.map(({ name }) => captureGigabyte(name)));
  }, LONG);
  afterAll(async () => {
    gathered.remove();
    await deleteCaptures(...NODES.map(({ name }) => `large-${name}`));
    await uninstall();
  }, 180_000);

  test(
    "brings every byte of two nodes over a connection cut three times, in little memory",
    async () => {
      const output = join(gathered.path, "whole");
      const gather = startGather(output);
      for (const bytes of [0.2, 0.8, 1.4]) {
        await waitUntil(
          "some of it is here",
          () => gather.ended() || bytesIn(output) > bytes * GIGABYTE,
          120,
        );
        expect(gather.ended()).toBe(false);
        await breakConnections(place);
      }
      expect(await gather.end, gather.told()).toBe(0);
      for (const { name } of NODES) await expectSame(output, name);
      expect(gather.mostMemory()).toBeLessThan(MOST_MEMORY);
    },
    LONG,
  );

  test(
    "brings the rest where a node has no agent, names what is missing and ends with 1",
    async () => {
      const onlyNodeA = {
        spec: { template: { spec: { nodeSelector: { "kubernetes.io/hostname": "node-a" } } } },
      };
      await mustKubectl("patch", "daemonset/pcapper", "-n", NAMESPACE, "--patch", JSON.stringify(onlyNodeA));
      await waitUntil(
        "node-b has no agent",
        async () => !(await agentPods()).some(({ node }) => node === "node-b"),
        90,
      );
      // It is another template, so node-a has a new pod as well.
      await mustKubectl("rollout", "status", "daemonset/pcapper", "-n", NAMESPACE, "--timeout=120s");
      const output = join(gathered.path, "half");
      const { code, stderr } = await pcapper("gather", "--output", output);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain("node-b");
      await expectSame(output, "node-a");
      expect(readFileSync(join(output, "summary.json"), "utf8")).toContain("node-b");
      expect(readdirSync(output)).not.toContain("node-b");
    },
    LONG,
  );
});

async function captureGigabyte(node: string): Promise<void> {
  const name = `large-${node}`;
  await capture(name, { targetNode: node, targetInterface: "lo", captureFilter: "udp", fileCount: 20 });
  await untilProgress(name, "running");
  const numbers = [0, DATAGRAMS, 60_000, 3000, 0].map(String);
  await mustExecute(
    inNetwork(holderPid(place, node), [await senderProgram("datagrams"), "127.0.0.1", ...numbers]),
  );
  await stop(name);
  const { status } = await untilProgress(name, "finished");
  expect(status?.statistics?.bytes).toBeGreaterThan(GIGABYTE);
}

/** Every file of a node's capture is there, and not one byte is another. */
async function expectSame(output: string, node: string): Promise<void> {
  const [there, here] = [join(varOf(place, node), "pcapper"), join(output, node)].map((folder) =>
    join(folder, `large-${node}`),
  );
  await mustExecute(["diff", "--recursive", there ?? "", here ?? ""]);
}

function bytesIn(folder: string): number {
  try {
    const paths = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const found = paths.map((path) => statSync(join(folder, path), { throwIfNoEntry: false }));
    return found.reduce((sum, one) => sum + (one?.isFile() ? one.size : 0), 0);
  } catch {
    // It is not made yet.
    return 0;
  }
}

interface Gather {
  end: Promise<number | null>;
  ended(): boolean;
  told(): string;
  /** Peak of its resident memory so far, bytes. */
  mostMemory(): number;
}

function startGather(output: string): Gather {
  const command = dyingWithTest([PCAPPER, "gather", "--output", output]);
  const env = { ...process.env, KUBECONFIG: place.kubeconfig };
  const child = spawn("setpriv", command, { env, stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  let most = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  const look = setInterval(() => {
    most = Math.max(most, peakMemory(child.pid));
  }, 100);
  const end = once(child, "exit").then(([code]: unknown[]) => {
    clearInterval(look);
    return code as number | null;
  });
  return { end, ended: () => child.exitCode !== null, told: () => told, mostMemory: () => most };
}

function peakMemory(pid = 0): number {
  try {
    const [, kilobytes = "0"] =
      /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  } catch {
    // It has ended.
    return 0;
  }
}
