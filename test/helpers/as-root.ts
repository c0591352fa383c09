import { readFileSync } from "node:fs";
import { describe, test } from "vitest";

/** Tests that make network namespaces and capture in them: as root, be it of a user namespace. */
export function describeAsRoot(title: string, body: () => void): void {
  describeUnless(notRoot(), title, body);
}

/** Tests that also let tcpdump capture. */
export function describeBesideTcpdump(title: string, body: () => void): void {
  describeUnless(notRoot() ?? noTcpdump(), title, body);
}

function notRoot(): string | undefined {
  if (process.getuid?.() === 0) return undefined;
  return "not root: network namespaces and packet sockets need it";
}

function noTcpdump(): string | undefined {
  // tcpdump sets its groups before it writes, even as `-Z root`.
  if (readFileSync("/proc/self/setgroups", "utf8").trim() === "allow") return undefined;
  return "root of a user namespace only: tcpdump refuses to write a live capture there";
}

/** Skipped with the reason in its name; in CI, where nothing may be skipped, that is a failure. */
function describeUnless(reason: string | undefined, title: string, body: () => void): void {
  if (reason === undefined) return void describe(title, body);
  const named = `${title} (skipped: ${reason})`;
  if (process.env.CI !== "true") return void test.skip(named, () => undefined);
  test(named, () => {
    throw new Error(`CI must run this: ${reason}`);
  });
}
