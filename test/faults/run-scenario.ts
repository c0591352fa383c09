/** Runs one scenario from an empty node to an empty node, and tells what was seen of it. */
import { readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { collectCapture } from "./collect.ts";
import { leftoversOf, manifestsOf } from "./folder-of.ts";
import { INJECTIONS, type Scene } from "./injections/inject.ts";
import { handleLives, type Life, type Lives } from "./lives.ts";
import { isFinal } from "./oracle/judge-history.ts";
import { BOUND } from "./oracle/judge-outcome.ts";
import type { Injection, Observation } from "./oracle/observation.ts";
import { type Sampler, startSampler } from "./sample.ts";
import type { PlannedFault, PlannedPhase, Scenario } from "./scenario.ts";
import { makeSite, type Site } from "./site.ts";
import { type CaptureWatch, watchCaptures } from "./watch-captures.ts";

/** Seconds that an agent on an idle node may take to be at work. */
const START = 60;
/** Milliseconds behind an end in which Events come and what is temporary goes. */
const SETTLED = 10_000;
/** Milliseconds until nothing of a deleted capture is there: the agent may have to ask twice. */
const CLEAN_UP = 45_000;

export interface Ran {
  seen: Observation;
  /** What the agents of the node said, for whoever looks for the cause of a finding. */
  log: string;
}

export async function runScenario(server: ApiServer, scenario: Scenario): Promise<Ran> {
  const site = await makeSite(server, scenario);
  const watch = watchCaptures(server);
  const podName = (stream: string) => site.pods[Number(stream.replace("pod-", ""))]?.name ?? "none";
  const lives = handleLives(server, site.node, scenario.captures, podName);
  const sampler = startSampler(site, lives.all);
  try {
    await site.agent.atWork(START);
    const before = { pid: site.agent.pid(), figures: site.agent.figures() };
    const injections = await act(site, lives, scenario);
    await allEnded(site, lives, watch);
    await settled(site, lives);
    const endedAt = Date.now();
    await sampler.stop();
    const after = { pid: site.agent.pid(), figures: site.agent.figures() };
    const seen = await collect(site, lives, watch, sampler);
    const process =
      before.pid === after.pid && before.figures !== undefined && after.figures !== undefined
        ? { process: { before: before.figures, after: after.figures } }
        : {};
    const leftInHostmount = await cleanedUp(site, lives);
    return {
      seen: {
        ...seen,
        injections,
        agentAway: site.agent.away(),
        strangers: site.strangers.look(),
        leftInHostmount,
        deaths: site.agent.deaths(),
        ...process,
        endedAt,
      },
      log: site.agent.log(),
    };
  } finally {
    await sampler.stop();
    await watch.close();
    await site.remove();
  }
}

/** Everything at its time: captures, traffic, faults. */
async function act(site: Site, lives: Lives, scenario: Scenario): Promise<Injection[]> {
  const begin = Date.now();
  const at = (milliseconds: number) => pause(Math.max(0, begin + milliseconds - Date.now()));
  const { captures, traffic, faults } = scenario;
  const scene: Scene = {
    site,
    lives,
    nameOf: ({ capture }) => captures[capture]?.name ?? "",
    streamOf: ({ capture }) => captures[capture]?.stream ?? "",
  };
  const people = captures.map(async ({ createAt, stopAt }, index) => {
    await at(createAt);
    await lives.create(index);
    if (stopAt === undefined) return;
    await at(stopAt);
    await lives.stop(index);
  });
  const streams = Object.entries(traffic).map(([stream, phases]) => sendAll(site, stream, phases));
  const injected = Promise.all(faults.map((fault) => inject(scene, fault, at)));
  await Promise.all([...people, ...streams, injected]);
  return injected;
}

async function sendAll({ senders }: Site, stream: string, phases: readonly PlannedPhase[]): Promise<void> {
  for (const phase of phases) await senders.get(stream)?.send(phase);
}

const AIMED: readonly string[] = ["files-removed", "pod-deleted", "pod-replaced", "pod-network-gone"];

async function inject(
  scene: Scene,
  fault: PlannedFault,
  at: (milliseconds: number) => Promise<void>,
): Promise<Injection> {
  await at(fault.at);
  const from = Date.now();
  const undo = await INJECTIONS[fault.kind](scene, fault);
  await pause(fault.milliseconds);
  await undo();
  const aim = AIMED.includes(fault.kind) ? { capture: scene.nameOf(fault) } : {};
  return { kind: fault.kind, from, to: Date.now(), ...aim };
}

/** Until each capture that is there has its end, or should have had it long ago. */
async function allEnded({ agent }: Site, lives: Lives, watch: CaptureWatch): Promise<void> {
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

async function settled({ hostmount, agent }: Site, lives: Lives): Promise<void> {
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

async function collect(
  site: Site,
  lives: Lives,
  watch: CaptureWatch,
  sampler: Sampler,
): Promise<Pick<Observation, "sent" | "captures">> {
  const captures = [];
  for (const life of lives.all()) captures.push(await collectCapture(site, life, watch, sampler));
  const sent = Object.fromEntries([...site.senders].map(([name, sender]) => [name, sender.batches()]));
  return { sent, captures };
}

/** Deletes every capture. @returns paths in the hostmount that should have gone, and did not */
async function cleanedUp({ hostmount, strangers }: Site, lives: Lives): Promise<string[]> {
  await lives.removeAll();
  const end = Date.now() + CLEAN_UP;
  const kept = (path: string) =>
    strangers.paths().some((known) => known === path || known.startsWith(`${path}/`));
  const left = () =>
    readdirSync(hostmount.path, { recursive: true, withFileTypes: true })
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => !kept(path))
      .map((path) => relative(hostmount.path, path))
      // The locks of the node: who works here, and who decides on a start.
      .filter((path) => path !== ".pcapper-agent.lock" && path !== ".pcapper.lock");
  while (left().length > 0 && Date.now() < end) await pause(200);
  return left();
}
