import { beforeAll, describe, expect, test } from "vitest";
import { waitUntil } from "../helpers/wait-until.ts";
import { type ApiClient, ApiError } from "../kubernetes/api-client.ts";
import { makeNode, makePod } from "../kubernetes/objects.ts";
import { createCapture, patchCaptureStatus } from "../kubernetes/packet-captures.ts";
import { installedForFile } from "./release.ts";

/** Whose status an agent may write, with the tokens that kubelet gives to the agents' pods. */

const server = installedForFile();
let a: ApiClient;
let unbound: ApiClient;

beforeAll(async () => {
  const { admin, serviceAccountClient } = server();
  for (const node of ["node-a", "node-b"]) await makeNode(admin, node);
  const pod = { namespace: "pcapper", name: "pcapper-x7", node: "node-a" };
  await makePod(admin, { ...pod, serviceAccount: "pcapper-agent" });
  a = await serviceAccountClient("pcapper", "pcapper-agent", { pod: "pcapper-x7" });
  unbound = await serviceAccountClient("pcapper", "pcapper-agent");
  const refused = async () => (await refusal(unbound, {}, { node: "node-a" })) !== "";
  await waitUntil("the policy is in force", refused, 30);
});

type Status = Record<string, unknown>;

const TO_NODE_A = { targetNode: "node-a", targetInterface: "eth0" };
const TO_NODE_B = { targetNode: "node-b", targetInterface: "eth0" };
const TO_POD = { targetNamespace: "shop", targetPod: "web" };
const SCHEDULED = { node: "node-a", progress: "scheduled", scheduledTime: "2026-01-01T00:00:00Z" };
const RUNNING_B = {
  node: "node-b",
  progress: "running",
  startTime: "2026-01-01T00:00:00Z",
  statistics: { packets: 5, files: 1 },
  fileLocation: "/var/pcapper/x",
};
const ENDED_B = { ...RUNNING_B, progress: "finished", reason: "TimeElapsed" };
const LOST = { progress: "failure", reason: "AgentLost", message: "Its agent is gone." };

let made = 0;

/**
 * What the API server says against a status that `client` writes to a capture that has `before`; "" = nothing.
 */
async function refusal(
  client: ApiClient,
  before: Status,
  written: Status,
  spec: object = TO_POD,
): Promise<string> {
  const { admin } = server();
  made += 1;
  const name = `capture-${made}`;
  await createCapture(admin, "pcapper", name, spec);
  if (Object.keys(before).length > 0) await patchCaptureStatus(admin, "pcapper", name, before);
  try {
    await patchCaptureStatus(client, "pcapper", name, written);
    return "";
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    // An agent takes 403 for a right that it does not have yet, and tries again.
    expect(error.status).toBe(422);
    return error.message;
  }
}

/** What the agent of node-a may say: what was there, what it writes, of which target. */
const ALLOWED: readonly [string, Status, Status, object][] = [
  ["claim a capture of its node", {}, SCHEDULED, TO_NODE_A],
  ["claim a capture of a pod", {}, SCHEDULED, TO_POD],
  ["go on with its own", SCHEDULED, { progress: "running" }, TO_POD],
  ["end its own", { ...RUNNING_B, node: "node-a" }, { progress: "finished", reason: "Stopped" }, TO_POD],
  ["add files to its own that others called lost", { ...SCHEDULED, ...LOST }, { fileLocation: "/f" }, TO_POD],
  ["say that files of its own were removed", { ...ENDED_B, node: "node-a" }, { fileLocation: null }, TO_POD],
  ["say that the target of nobody's is not there", {}, failure("TargetNotFound"), TO_POD],
  ["say that nobody's has no agent", {}, failure("NoAgent"), TO_NODE_B],
  ["say that nobody's is invalid", {}, failure("InvalidSpec"), TO_NODE_B],
  ["say that another's has lost its agent", RUNNING_B, LOST, TO_NODE_B],
  ["say that one that another claimed has lost its agent", { ...SCHEDULED, node: "node-b" }, LOST, TO_POD],
];

const FORBIDDEN: readonly [string, Status, Status, object][] = [
  ["claim a capture of another node", {}, SCHEDULED, TO_NODE_B],
  ["claim in another's name", {}, { ...SCHEDULED, node: "node-b" }, TO_POD],
  ["go on with another's", RUNNING_B, { statistics: { packets: 6 } }, TO_POD],
  ["end another's", RUNNING_B, { progress: "finished", reason: "Stopped" }, TO_POD],
  ["fail another's with a reason of its own", RUNNING_B, { ...LOST, reason: "WriteError" }, TO_POD],
  [
    "change another's counters when it calls it lost",
    RUNNING_B,
    { ...LOST, statistics: { packets: 6 } },
    TO_POD,
  ],
  ["take another's files away when it calls it lost", RUNNING_B, { ...LOST, fileLocation: null }, TO_POD],
  ["call another's lost that has ended", ENDED_B, { message: "Gone." }, TO_POD],
  ["say that files of another's were removed", ENDED_B, { fileLocation: null }, TO_POD],
  ["end nobody's with another's reason", {}, failure("WriteError"), TO_POD],
  ["tell of files of nobody's", {}, { ...failure("NoAgent"), fileLocation: "/etc" }, TO_POD],
  ["change an answer", failure("NoAgent"), failure("TargetNotFound"), TO_POD],
  ["claim what has its answer", failure("NoAgent"), { node: "node-a" }, TO_POD],
];

function failure(reason: string): Status {
  return { progress: "failure", reason, message: "A sentence.", endTime: "2026-01-01T00:00:00Z" };
}

describe("the agent of node-a may", () => {
  test.each(ALLOWED)("%s", async (_what, before, written, spec) => {
    expect(await refusal(a, before, written, spec)).toBe("");
  });
});

describe("the agent of node-a may not", () => {
  test.each(FORBIDDEN)("%s", async (_what, before, written, spec) => {
    expect(await refusal(a, before, written, spec)).toContain(
      "the agent of node node-a may not write this status",
    );
  });
});

test("a refusal says whose capture it is", async () => {
  expect(await refusal(a, RUNNING_B, { message: "x" })).toContain(
    "it is of node node-b, which it may only end as AgentLost",
  );
});

test("a token of the agents' account that belongs to no pod may write no status", async () => {
  for (const written of [SCHEDULED, failure("NoAgent")]) {
    expect(await refusal(unbound, {}, written)).toContain("names no node");
  }
  expect(await refusal(unbound, RUNNING_B, LOST)).toContain("names no node");
});

test("whoever else has the right is not held up", async () => {
  expect(await refusal(server().admin, RUNNING_B, { progress: "finished", reason: "Stopped" })).toBe("");
});
