/** What is waited for when everything of a scenario has been done. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { eventsOf } from "./events-of.ts";
import { leftoversOf, manifestsOf } from "./folder-of.ts";
import type { Life, Lives } from "./lives.ts";
import { API_FAULTS, API_PATIENCE } from "./oracle/ends.ts";
import { isFinal } from "./oracle/judge-history.ts";
import { BOUND } from "./oracle/judge-outcome.ts";
import type { Injection } from "./oracle/observation.ts";
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

/**
 * Until each end has its Event, the last of a capture's, or should have had it long ago: an agent whose API server
 * failed waits longer each time before it asks again.
 */
export async function allTold(
  { server }: Pick<Site, "server">,
  lives: Lives,
  watch: CaptureWatch,
  injections: readonly Injection[],
): Promise<void> {
  const failures = injections.filter(({ kind }) => API_FAULTS.includes(kind));
  const end = Math.max(Date.now() + SETTLED, ...failures.map(({ to }) => to + API_PATIENCE));
  const isTold = async ({ planned, uid, deletedAt }: Life): Promise<boolean> => {
    const reason = watch.history(uid).at(-1)?.status?.reason;
    if (deletedAt !== undefined || reason === undefined) return true;
    return (await eventsOf(server.admin, planned.name, uid)).some((event) => event.reason === reason);
  };
  for (const life of lives.all()) while (!(await isTold(life)) && Date.now() < end) await pause(500);
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
