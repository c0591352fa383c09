import { expect, test } from "vitest";
import { keptCapture } from "../../../../src/agent/cluster/kept-fields.ts";

const METADATA = {
  name: "one",
  namespace: "pcapper",
  uid: "u",
  resourceVersion: "7",
  creationTimestamp: "2026-01-02T03:04:05Z",
};
const HEAD = { apiVersion: "packetcapture.pcapper/v1alpha1", kind: "PacketCapture" };
const SPEC = { targetNode: "worker-01", targetInterface: "eth0", captureFilter: "udp" };

function stored(status?: object, spec: object = SPEC) {
  const metadata = {
    ...METADATA,
    generation: 1,
    labels: { a: "b" },
    managedFields: [{ manager: "kubectl" }],
  };
  return { ...HEAD, metadata, spec, ...(status && { status }) };
}

test("of a capture that is not over all is kept but who managed its fields", () => {
  const status = { progress: "running", node: "worker-01", message: "Capturing." };
  const { managedFields: _, ...metadata } = stored(status).metadata;
  expect(keptCapture(stored(status))).toEqual({ ...HEAD, metadata, spec: SPEC, status });
  expect(keptCapture(stored())).toEqual({ ...HEAD, metadata, spec: SPEC });
});

test("of one that has ended, what finds its files and stops its engine", () => {
  const status = {
    progress: "finished",
    node: "worker-01",
    reason: "Stopped",
    message: "Long.",
    conditions: [],
  };
  expect(keptCapture(stored(status, { ...SPEC, stop: true }))).toEqual({
    ...HEAD,
    metadata: METADATA,
    spec: { stop: true },
    status: { progress: "finished", node: "worker-01" },
  });
});

test("of one that was answered for want of an owner, whose answer it has, too", () => {
  const told = { reason: "TargetNotFound", message: "There is none.", endTime: "2026-01-02T03:05:05.678Z" };
  expect(keptCapture(stored({ progress: "failure", ...told, conditions: [] })).status).toEqual({
    progress: "failure",
    ...told,
  });
});
