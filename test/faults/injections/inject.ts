/** How each fault is done to a site, and how it is undone. */
import type { Lives } from "../lives.ts";
import type { FaultKind, PlannedFault } from "../scenario.ts";
import type { Site } from "../site.ts";
import { agentFrozen, agentTakenAway, fewDescriptors } from "./agent.ts";
import { apiAway, compaction, throughProxy } from "./api.ts";
import { captureDeleted, captureRecreated } from "./captures.ts";
import { diskFull, filesRemoved, foreignFiles, noInodes, wholeFilesRemoved } from "./disk.ts";
import { burst, interfaceDeleted, interfaceDown, interfaceRenamed } from "./interface.ts";
import { podDeleted, podNetworkGone, podReplaced } from "./pods.ts";
import { agentBlocked, clockOff, diskInTrouble, memoryTight } from "./troubles.ts";

export interface Scene {
  site: Site;
  lives: Lives;
  /** Name of the capture a fault is aimed at. */
  nameOf(fault: PlannedFault): string;
  streamOf(fault: PlannedFault): string;
  /** Tells the judges that somebody removed the whole file of this name. */
  removed(name: string): void;
}

export type Undo = () => unknown;

/** @returns what undoes it, called when its time is over */
export type Inject = (scene: Scene, fault: PlannedFault) => Promise<Undo>;

/** Seconds. */
const HOUR = 3600;

export const INJECTIONS: Record<FaultKind, Inject> = {
  "agent-killed": agentTakenAway("SIGKILL"),
  "agent-terminated": agentTakenAway("SIGTERM"),
  "agent-frozen": agentFrozen,
  "api-terminated": apiAway("SIGTERM"),
  "api-killed": apiAway("SIGKILL"),
  "api-refuses": throughProxy({ do: "refuse", status: 429 }),
  "api-fails": throughProxy({ do: "refuse", status: 500 }, 0.7),
  "api-slow": throughProxy({ do: "slow", milliseconds: 1500 }),
  "api-cut": throughProxy({ do: "cut" }, 0.7),
  "api-answers-lost": throughProxy({ do: "lose answers" }, 0.7),
  "api-hangs": throughProxy({ do: "hang" }),
  "etcd-compacted": compaction,
  "interface-down": interfaceDown,
  "interface-renamed": interfaceRenamed,
  "interface-deleted": interfaceDeleted,
  "pod-deleted": podDeleted,
  "pod-replaced": podReplaced,
  "pod-network-gone": podNetworkGone,
  "capture-deleted": captureDeleted,
  "capture-recreated": captureRecreated,
  "disk-full": diskFull,
  "inodes-used-up": noInodes,
  "files-removed": filesRemoved,
  "foreign-files": foreignFiles,
  "descriptors-few": fewDescriptors,
  burst,
  "agent-blocked": agentBlocked,
  "clock-ahead": clockOff(HOUR),
  // A little less: the API server's own certificate is valid from an hour before it was made.
  "clock-behind": clockOff(-HOUR + 60),
  "memory-tight": memoryTight,
  "disk-slow": diskInTrouble({ milliseconds: 300 }),
  "disk-errors": diskInTrouble({ error: "EIO", share: 0.2 }),
  "disk-read-only": diskInTrouble({ error: "EROFS", reach: "names" }),
  "hostmount-gone": diskInTrouble({ error: "EIO", reach: "all" }),
  "whole-files-removed": wholeFilesRemoved,
};
