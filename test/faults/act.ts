/** Does everything of a scenario at its time: captures, traffic, faults. */
import { setTimeout as pause } from "node:timers/promises";
import { INJECTIONS, type Scene } from "./injections/inject.ts";
import type { Lives } from "./lives.ts";
import type { Injection } from "./oracle/observation.ts";
import type { FaultKind, PlannedFault, PlannedPhase, Scenario } from "./scenario.ts";
import type { Site } from "./site.ts";

/** @returns the faults as they really were */
export async function act(site: Site, lives: Lives, scenario: Scenario): Promise<Injection[]> {
  const begin = Date.now();
  const at = (milliseconds: number) => pause(Math.max(0, begin + milliseconds - Date.now()));
  const { captures, traffic, faults } = scenario;
  const scene: Omit<Scene, "removed"> = {
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

const AIMED: readonly FaultKind[] = [
  "files-removed",
  "whole-files-removed",
  "pod-deleted",
  "pod-replaced",
  "pod-network-gone",
];

async function inject(
  scene: Omit<Scene, "removed">,
  fault: PlannedFault,
  at: (milliseconds: number) => Promise<void>,
): Promise<Injection> {
  await at(fault.at);
  const from = Date.now();
  const removedFiles: string[] = [];
  const removed = (name: string) => void removedFiles.push(name);
  const undo = await INJECTIONS[fault.kind]({ ...scene, removed }, fault);
  const doneAt = Date.now();
  await pause(fault.milliseconds);
  const undoneFrom = Date.now();
  await undo();
  const aim = AIMED.includes(fault.kind) ? { capture: scene.nameOf(fault) } : {};
  return { kind: fault.kind, from, doneAt, undoneFrom, to: Date.now(), ...aim, removedFiles };
}
