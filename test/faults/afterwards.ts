/** What is waited for when everything of a scenario has been done. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { leftoversOf, manifestsOf } from "./folder-of.ts";
import type { Life, Lives } from "./lives.ts";
import { isFinal } from "./oracle/judge-history.ts";
import { BOUND } from "./oracle/judge-outcome.ts";
import type { Site } from "./site.ts";
import type { CaptureWatch } from "./watch-captures.ts";

/** Seconds that an agent on an idle node may take to be at work. */
export const START = 60;
/** Milliseconds behind an end in which Events come and what is temporary goes. */
const SETTLED = 10_000;
/** Milliseconds until nothing of a deleted capture is there: the agent may have to ask twice. */
const CLEAN_UP = 45_000;

/** Until each capture that is there has its end, or should have had it long ago. */
export async function allEnded({ agent }: Site, lives: Lives, watch: CaptureWatch): Promise<void> {
  const longest = lives
    .all()
    .map(({ createdAt, spec }) => createdAt + Number(spec.captureSeconds) * 1000)
    .reduce((a, b) => Math.max(a, b), Date.now());
  const end = longest + BOUND + SETTLED;
  const isOpen = () =>
    lives
      .all()
      .some(({ uid, deletedAt }) => deletedAt === undefined && !isFinal(watch.history(uid).at(-1)?.status));
  while (isOpen() && Date.now() < end && agent.deaths().length === 0) await pause(100);
}

/** Until nothing temporary is there any more, or should not be. */
export async function settled({ hostmount, agent }: Site, lives: Lives): Promise<void> {
  await agent.atWork(START).catch(() => undefined);
  const begin = Date.now();
  const isBusy = ({ uid, planned, deletedAt }: Life): boolean => {
    const folder = join(hostmount.path, planned.name);
    const found = manifestsOf(folder, uid);
    const patience = begin + (deletedAt === undefined ? SETTLED : CLEAN_UP);
    const isTemporary = found.some(({ prefix }) => leftoversOf(folder, prefix).length > 0);
    return Date.now() < patience && (deletedAt === undefined ? isTemporary : found.length > 0);
  };
  // Events are told one after the other, each with a moment of its own.
  await pause(2000);
  while (lives.all().some(isBusy)) await pause(100);
}

/** Deletes every capture. @returns paths in the hostmount that should have gone, and did not */
export async function cleanedUp({ hostmount, strangers }: Site, lives: Lives): Promise<string[]> {
  await lives.removeAll();
  const end = Date.now() + CLEAN_UP;
  const kept = (path: string) =>
    strangers.paths().some((known) => known === path || known.startsWith(`${path}/`));
  const left = () =>
    allIn(hostmount.path)
      .filter((path) => !kept(path))
      .map((path) => relative(hostmount.path, path))
      // The locks of the node: who works here, and who decides on a start.
      .filter((path) => path !== ".pcapper-agent.lock" && path !== ".pcapper.lock");
  while (left().length > 0 && Date.now() < end) await pause(200);
  return left();
}

function allIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    try {
      return entry.isDirectory() ? [path, ...allIn(path)] : [path];
    } catch {
      // It went just now.
      return [];
    }
  });
}
