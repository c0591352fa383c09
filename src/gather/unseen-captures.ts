import type { PacketCapture } from "../api/resource.ts";
import { type ClusterFacts, hasFiles } from "./cluster-facts.ts";
import type { NodeResult } from "./results.ts";

/**
 * Captures whose files should have been found: those that say they have some on a node that was asked, and those
 * asked for by name of which nobody knows.
 */
export function unseenCaptures(
  { captures }: Pick<ClusterFacts, "captures">,
  names: readonly string[],
  asked: readonly NodeResult[],
  missing: readonly NodeResult[],
): string[] {
  const seen = new Set(
    asked.flatMap(({ node, captures: found, leftOut }) =>
      [...found, ...leftOut].map(({ capture }) => `${node}/${capture}`),
    ),
  );
  // A node that was not heard to the end has a problem of its own.
  const heard = new Set(asked.filter(({ problems }) => problems.length === 0).map(({ node }) => node));
  const lost = captures.filter(
    ({ metadata, status }) =>
      hasFiles(status) && heard.has(status?.node ?? "") && !seen.has(`${status?.node}/${metadata.name}`),
  );
  const known = new Set([
    ...captures.map(({ metadata }) => metadata.name),
    ...[...seen].map((place) => place.slice(place.indexOf("/") + 1)),
  ]);
  const nobodys = missing.length > 0 ? [] : names.filter((name) => !known.has(name));
  return [
    ...lost.map(lostSentence),
    ...nobodys.map(
      (name) => `${name}: no node has files of a capture of that name, and there is no such resource`,
    ),
  ];
}

function lostSentence({ metadata, status }: PacketCapture): string {
  return `${metadata.name}: its status says that its files are at ${status?.fileLocation} on node ${status?.node}, but they are not`;
}
