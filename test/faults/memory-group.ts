/** A cgroup of the agent's own, of version 1 or 2: its memory can be made tight. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeCgroup } from "../cluster/cgroups.ts";

export interface MemoryGroup {
  add(pid: number): void;
  /** No more than what it has now and so many bytes. @returns what lifts that */
  tighten(more: number): () => void;
  /** When nobody is in it any more. */
  remove(): Promise<void>;
}

const VERSIONS = [
  {
    hierarchy: "/sys/fs/cgroup/memory",
    used: "memory.usage_in_bytes",
    limit: "memory.limit_in_bytes",
    lifted: "-1",
  },
  { hierarchy: "/sys/fs/cgroup", used: "memory.current", limit: "memory.max", lifted: "max" },
];

export function makeMemoryGroup(name: string): MemoryGroup {
  const version = VERSIONS.find(({ hierarchy }) => existsSync(join(hierarchy, "cgroup.procs")));
  if (version === undefined) throw new Error("this machine has no cgroups for memory");
  const { hierarchy, used, limit, lifted } = version;
  const folder = join(hierarchy, name);
  if (hierarchy === "/sys/fs/cgroup") writeFileSync(join(hierarchy, "cgroup.subtree_control"), "+memory");
  mkdirSync(folder, { recursive: true });
  const lift = (): void => writeFileSync(join(folder, limit), lifted);
  return {
    add: (pid) => writeFileSync(join(folder, "cgroup.procs"), String(pid)),
    tighten: (more) => {
      const now = Number(readFileSync(join(folder, used), "utf8"));
      writeFileSync(join(folder, limit), String(now + more));
      return lift;
    },
    remove: () => removeCgroup(name),
  };
}
