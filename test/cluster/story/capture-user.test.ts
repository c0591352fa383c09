import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../../helpers/as-root.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { type CaptureUser, makeCaptureUser } from "./capture-user.ts";
import { capture, deleteCaptures, untilProgress } from "./captures.ts";
import { agentOn, install, NAMESPACE, uninstall } from "./installation.ts";
import { captureFiles, packetsIn, pings } from "./pings.ts";
import { deletePod, ping, startPod, type TestPod } from "./pods.ts";

/** What the Role pcapper-user is enough for, and what it is not, with the policies of the chart in force. */
describeAsRoot("somebody with the Role pcapper-user", () => {
  const gathered = makeTemporaryFolder();
  let a: TestPod;
  let b: TestPod;
  let user: CaptureUser;
  let pod: string;

  beforeAll(async () => {
    await install();
    [a, b] = await Promise.all([startPod("user-a", "node-a"), startPod("user-b", "node-b")]);
    user = await makeCaptureUser("ann");
    const captureFilter = `icmp and host ${a.address}`;
    await capture("user", { targetNamespace: "traffic", targetPod: a.name, packetCount: 10, captureFilter });
    await untilProgress("user", "running");
    await ping(a, b.address, 5);
    await untilProgress("user", "finished");
    pod = (await agentOn("node-a")).name;
  }, 180_000);
  afterAll(async () => {
    gathered.remove();
    await user?.remove();
    await deleteCaptures("user");
    await Promise.all([deletePod("user-a"), deletePod("user-b")]);
    await uninstall();
  }, 180_000);

  test("gathers every packet", async () => {
    const { code, stderr } = await user.pcapper("gather", "user", "--output", gathered.path);
    expect(code, stderr).toBe(0);
    const files = await captureFiles(join(gathered.path, "node-a/user"));
    expect(await packetsIn(files)).toEqual(pings(a.address, b.address, 5));
  });

  test("gets into no other container, and runs no other command", async () => {
    const inAgent = await user.kubectl("exec", pod, "-n", NAMESPACE, "-c", "agent", "--", "id");
    expect(inAgent.stderr).toContain('exec into container "agent" of an agent is not allowed');
    const shell = await user.kubectl("exec", pod, "-n", NAMESPACE, "-c", "files", "--", "sh", "-c", "id");
    expect(shell.stderr).toContain('the command "sh -c id" is not allowed in container "files"');
    expect([inAgent.code, shell.code]).toEqual([1, 1]);
    expect(inAgent.stdout + shell.stdout).toBe("");
  });

  test("may neither start a pod there nor read a Secret", async () => {
    for (const question of [
      ["create", "pods"],
      ["get", "secrets"],
      ["create", "serviceaccounts/token"],
    ]) {
      const { stdout } = await user.kubectl("auth", "can-i", ...question, "-n", NAMESPACE);
      expect(stdout).toMatch(/^no\b/);
    }
  });
});
