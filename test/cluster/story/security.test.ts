import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { mustExecute } from "../../helpers/execute.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { NODES } from "../addresses.ts";
import { holderPid, inNetwork } from "../holder.ts";
import { agentOn, agentPods, install, NAMESPACE, uninstall, upgrade } from "./installation.ts";
import { kubectl, mustKubectl, place } from "./test-cluster.ts";

/** linux/capability.h */
const NET_RAW = 13n;
const SYS_ADMIN = 21n;

describeAsRoot("on a node, an agent's pod", () => {
  let listening: string[];

  beforeAll(async () => {
    listening = await listeners();
    await install();
  }, 180_000);
  afterAll(uninstall, 180_000);

  test("has exactly the capabilities to capture in one container, and none in the other", async () => {
    const { name } = await agentOn("node-a");
    const agent = await firstProcess(name, "agent");
    const files = await firstProcess(name, "files");
    expect(agent).toMatchObject({ NoNewPrivs: "1", Seccomp: "2", Uid: expect.stringMatching(/^0\t/) });
    expect(files).toMatchObject({ NoNewPrivs: "1", Seccomp: "2", Uid: expect.not.stringMatching(/^0\t/) });
    const wanted = (1n << NET_RAW) | (1n << SYS_ADMIN);
    for (const kind of ["CapPrm", "CapEff", "CapBnd"]) expect(BigInt(`0x${agent[kind]}`), kind).toBe(wanted);
    for (const kind of ["CapPrm", "CapEff", "CapBnd", "CapInh", "CapAmb"]) {
      expect(BigInt(`0x${files[kind]}`), kind).toBe(0n);
    }
  });

  test("has a token in the container that captures only, and cannot write where it must not", async () => {
    const { name } = await agentOn("node-a");
    const token = "/var/run/secrets/kubernetes.io/serviceaccount/token";
    expect((await inContainer(name, "agent", "test", "-s", token)).code).toBe(0);
    expect((await inContainer(name, "files", "test", "-e", token)).code).toBe(1);
    expect((await inContainer(name, "agent", "touch", "/here")).stderr).toContain("Read-only file system");
    expect((await inContainer(name, "agent", "touch", "/run/netns/here")).stderr).toContain(
      "Read-only file system",
    );
    expect((await inContainer(name, "files", "touch", "/hostmount/here")).stderr).toContain(
      "Read-only file system",
    );
  });

  test("opens no port on the node's addresses", async () => {
    expect(await listeners()).toEqual(listening);
  });

  test("says a wrong environment in one sentence, in its log and in its status", async () => {
    await mustKubectl(
      "set",
      "env",
      "daemonset/pcapper",
      "-n",
      NAMESPACE,
      "-c",
      "agent",
      "MAX_TOTAL_FILESIZE=10Q",
    );
    const { log, status } = await waitUntil("an agent complains", complaint, 60);
    expect(log).toMatch(/^pcapper: MAX_TOTAL_FILESIZE is "10Q": [^\n]+ \[PCAPPER_BAD_ENVIRONMENT\]\n$/);
    expect(status).toBe(log);
    await mustKubectl("rollout", "undo", "daemonset/pcapper", "-n", NAMESPACE);
    await upgrade({});
  });
});

/** Sockets that listen on more than the loopback of any node: `NODE ADDRESS:PORT`. */
async function listeners(): Promise<string[]> {
  const found = NODES.map(async ({ name }) => {
    const told = await mustExecute(inNetwork(holderPid(place, name), ["ss", "-Htuln"]));
    const local = told
      .split("\n")
      .filter(Boolean)
      .map((line) => line.trim().split(/\s+/)[4] ?? "");
    return local
      .filter((address) => !/^(127\.|\[::1\])/.test(address))
      .map((address) => `${name} ${address}`);
  });
  return (await Promise.all(found)).flat().sort();
}

function inContainer(pod: string, container: string, ...command: string[]): ReturnType<typeof kubectl> {
  return kubectl("exec", pod, "-n", NAMESPACE, "-c", container, "--", ...command);
}

/** Fields of /proc/1/status. */
async function firstProcess(pod: string, container: string): Promise<Record<string, string>> {
  const { stdout } = await inContainer(pod, container, "cat", "/proc/1/status");
  return Object.fromEntries(
    stdout.split("\n").map((line) => line.split(/:\t?\s*(.*)/s, 2) as [string, string]),
  );
}

/** What a pod that does not start says in its log and, once kubelet has seen its end, in its status. */
async function complaint(): Promise<{ log: string; status: string } | undefined> {
  for (const { name } of (await agentPods()).filter(({ ready }) => !ready)) {
    const { stdout: log } = await kubectl("logs", name, "-n", NAMESPACE, "-c", "agent");
    const path = "{.status.containerStatuses[?(@.name=='agent')]..terminated.message}";
    const { stdout: status } = await kubectl(
      "get",
      "pod",
      name,
      "-n",
      NAMESPACE,
      `--output=jsonpath=${path}`,
    );
    if (log.includes("MAX_TOTAL_FILESIZE") && status !== "") return { log, status };
  }
  return undefined;
}
