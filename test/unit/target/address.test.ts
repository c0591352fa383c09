import { describe, expect, test } from "vitest";
import { normalAddress, podAddresses } from "../../../src/target/address.ts";
import { pod } from "./fake-node.ts";

describe("addresses are compared in one way of writing", () => {
  test.each([
    ["10.0.0.5", "10.0.0.5"],
    ["FD00:0:0:0::5", "fd00::5"],
    ["fd00:0000::0005", "fd00::5"],
    ["::ffff:10.0.0.5", "::ffff:10.0.0.5"],
    ["010.0.0.5", undefined],
    ["10.0.0.5/24", undefined],
    ["", undefined],
    ["eth0", undefined],
  ])("%s is %s", (text, normal) => expect(normalAddress(text)).toBe(normal));
});

test("a pod's addresses are podIP first, each once", () => {
  const both = [{ ip: "FD00::5" }, { ip: "10.0.0.5" }];
  expect(podAddresses(pod({ status: { podIP: "10.0.0.5", podIPs: both } }))).toEqual(["10.0.0.5", "fd00::5"]);
});

test("a pod that has only podIPs has addresses too", () => {
  const { podIP: _, ...status } = pod({ status: { podIPs: [{ ip: "fd00::5" }] } }).status;
  expect(podAddresses({ ...pod({}), status })).toEqual(["fd00::5"]);
});
