import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** What `tcpdump -n` says about a file. */
export function tcpdump(...args: string[]): string {
  // As root it wants to become another user, which it cannot where root is only a name.
  const before = isRealRoot() ? [] : ["unshare", "--user", "--map-user=65534"];
  const [command = "", ...rest] = [...before, "tcpdump", "-n", "-Z", "root", ...args];
  return execFileSync(command, rest, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trimEnd();
}

/** In a user namespace root is mapped to somebody else. */
function isRealRoot(): boolean {
  return /^\s*0\s+0\s/.test(readFileSync("/proc/self/uid_map", "utf8"));
}
