import { IMAGE_NAMES } from "../images/images.ts";
import { apply, mustKubectl, read } from "./test-cluster.ts";

export const TRAFFIC = "traffic";

export interface TestPod {
  name: string;
  node: string;
  address: string;
  uid: string;
}

/** A pod that does nothing by itself, Running. */
export async function startPod(
  name: string,
  node: string,
  image: string = IMAGE_NAMES.tools,
): Promise<TestPod> {
  const container = {
    name: "main",
    image,
    command: ["sleep", "infinity"],
    imagePullPolicy: "Never",
    // Debian's ping wants to open a raw socket.
    securityContext: { capabilities: { add: ["NET_RAW"] } },
  };
  await apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: TRAFFIC } },
    {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name, namespace: TRAFFIC },
      spec: { nodeName: node, terminationGracePeriodSeconds: 0, containers: [container] },
    },
  );
  await mustKubectl("wait", "--for=condition=Ready", `pod/${name}`, "-n", TRAFFIC, "--timeout=60s");
  const pod = await read<{ metadata: { uid: string }; status: { podIP: string } }>(
    "pod",
    name,
    "-n",
    TRAFFIC,
  );
  return { name, node, address: pod.status.podIP, uid: pod.metadata.uid };
}

export async function deletePod(name: string): Promise<void> {
  await mustKubectl("delete", "pod", name, "-n", TRAFFIC, "--wait");
}

/** Sends pings and waits for all answers. @throws Error where one is missing */
export async function ping(from: TestPod, address: string, count: number): Promise<void> {
  const command = ["ping", "-n", "-i", "0.2", "-c", String(count), "-W", "5", address];
  const told = await mustKubectl("exec", from.name, "-n", TRAFFIC, "--", ...command);
  if (!told.includes(`${count} received`)) throw new Error(`pings were lost: ${told}`);
}
