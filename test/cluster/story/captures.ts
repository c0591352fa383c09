import type { PacketCapture, PacketCaptureSpec } from "../../../src/api/resource.ts";
import { waitUntil } from "../../helpers/wait-until.ts";
import { NAMESPACE } from "./installation.ts";
import { apply, mustKubectl, read } from "./test-cluster.ts";

// The full name: other tools have a `packetcaptures` as well.
const KIND = "packetcaptures.packetcapture.pcapper";

export async function capture(name: string, spec: PacketCaptureSpec): Promise<void> {
  await apply({
    apiVersion: "packetcapture.pcapper/v1alpha1",
    kind: "PacketCapture",
    metadata: { name, namespace: NAMESPACE },
    spec,
  });
}

export function readCapture(name: string): Promise<PacketCapture> {
  return read(KIND, name, "-n", NAMESPACE);
}

/** Waits for a state. @throws Error at once where the capture has ended otherwise */
export async function untilProgress(
  name: string,
  progress: "running" | "finished" | "failure",
  seconds = 60,
): Promise<PacketCapture> {
  return waitUntil(
    `${name} is ${progress}`,
    async () => {
      const found = await readCapture(name);
      const now = found.status?.progress;
      if (now === progress) return found;
      if (now === "finished" || now === "failure") {
        throw new Error(`${name} is ${now}: ${found.status?.reason}: ${found.status?.message}`);
      }
      return undefined;
    },
    seconds,
  );
}

/** Looks at a capture until its status has what is waited for. */
export function untilStatus(
  name: string,
  what: string,
  has: (status: NonNullable<PacketCapture["status"]>) => boolean,
  seconds = 60,
): Promise<PacketCapture> {
  return waitUntil(
    `${name}: ${what}`,
    async () => {
      const found = await readCapture(name);
      return found.status !== undefined && has(found.status) ? found : undefined;
    },
    seconds,
  );
}

export async function stop(name: string): Promise<void> {
  await mustKubectl(
    "patch",
    KIND,
    name,
    "-n",
    NAMESPACE,
    "--type=merge",
    "--patch",
    '{"spec":{"stop":true}}',
  );
}

export async function deleteCaptures(...names: string[]): Promise<void> {
  await mustKubectl("delete", KIND, ...names, "-n", NAMESPACE);
}
