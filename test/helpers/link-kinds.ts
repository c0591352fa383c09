import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import type { LinkKind, PodOptions } from "./cni-node.ts";

type Case = readonly [name: string, options: PodOptions, ...unknown[]];

/**
 * The cases whose links this kernel can make. No machine is to blame for what its kernel was built without, and such a
 * pod cannot be on it either: a test of that name stands for the case, and fails where anything else is the reason.
 */
export function possibleHere<T extends Case>(cases: readonly T[]): T[] {
  return cases.filter(([name, { kind = "bridge" }]) => {
    if (kind === "bridge" || kind === "ptp") return true;
    const { status, stderr } = tryLink(kind);
    if (status === 0) return true;
    test(`${name}: this kernel was built without ${kind}, no pod on it can have one`, () => {
      expect(stderr).toMatch(/Unknown device type|Operation not supported/);
    });
    return false;
  });
}

function tryLink(kind: LinkKind): { status: number | null; stderr: string } {
  const script = `ip link add up0 type veth peer name up1 && ip link add link up0 name x0 type ${kind}`;
  return spawnSync("unshare", ["--net", "sh", "-c", script], { encoding: "utf8" });
}
