import { readFileSync } from "node:fs";
import { describe, test } from "vitest";

/** Why this process cannot judge real captures; undefined = it can. */
export function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return "not root: network namespaces and packet sockets need it";
  const [, outside] = readFileSync("/proc/self/uid_map", "utf8").trim().split(/\s+/);
  if (outside !== "0") return "root of a user namespace only: tcpdump refuses to write a live capture there";
  return undefined;
}

/** A `describe` that is skipped, with the reason in its name, where the machine does not allow it; in CI that fails. */
export function describeAsRoot(title: string, body: () => void): void {
  const reason = reasonToSkip();
  if (reason === undefined) return void describe(title, body);
  const named = `${title} (skipped: ${reason})`;
  if (process.env.CI !== "true")
    return void describe.skip(named, () => void test("not run", () => undefined));
  test(named, () => {
    throw new Error(`CI must run this: ${reason}`);
  });
}
