/** What belongs to nobody's capture: strangers' files, what is left when all are deleted, the agent's process. */
import type { Finding, Observation } from "./observation.ts";

/** Connections are kept for a minute: eight for requests, and a watch each of three lists. */
const MORE_SOCKETS = 14;
const MORE_DESCRIPTORS = 4;
/** Of Node's own pool, which begins when it is needed. */
const MORE_THREADS = 4;
/** Kilobytes; JavaScript's heap breathes. */
const MORE_MEMORY = 60_000;

export function judgeSurroundings(seen: Observation): Finding[] {
  const { strangers, ofOthers, leftInHostmount, deaths, sanitizer, process } = seen;
  const found: [string, string][] = [
    ...strangers
      .filter(({ touched }) => touched)
      .map(({ path }): [string, string] => ["strangers", `${path} is not ours, and was changed or removed`]),
    ...ofOthers.map((name): [string, string] => [
      "other node",
      `${name} is another node's, and has a folder`,
    ]),
    ...leftInHostmount.map((path): [string, string] => [
      "clean-up",
      `${path} is there though every capture was deleted`,
    ]),
    ...deaths.map((words): [string, string] => ["death", `the agent ended by itself: ${words}`]),
    ...sanitizer.map((words): [string, string] => ["sanitizer", words]),
    ...(process === undefined ? [] : growth(process)),
  ];
  return found.map(([rule, text]) => ({ rule, kind: "untrue", capture: "", text }));
}

/** Descriptors without sockets. */
function growth({ before, after }: NonNullable<Observation["process"]>): [string, string][] {
  const limits = [
    ["descriptors", MORE_DESCRIPTORS],
    ["sockets", MORE_SOCKETS],
    ["threads", MORE_THREADS],
    ["residentKilobytes", MORE_MEMORY],
  ] as const;
  return limits
    .filter(([figure, more]) => after[figure] > before[figure] + more)
    .map(([figure]) => ["process", `${figure} were ${before[figure]} and are ${after[figure]}`]);
}
