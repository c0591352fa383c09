/** What was gathered and what was not, in words and numbers: summary.json, the table and the exit code. */

export interface GatheredFile {
  name: string;
  bytes: number;
  sha256: string;
}

export interface CaptureResult {
  capture: string;
  prefix: string;
  /** Its files go on after what is here. */
  running: boolean;
  /** Files wanted, manifests not counted. */
  wanted: number;
  files: GatheredFile[];
  /** Files that the ring of a running capture removed before they could be fetched. */
  removedMeanwhile: string[];
  manifest: "whole" | "missing";
  problems: string[];
}

export interface LeftOut {
  capture: string;
  prefix: string;
  why: string;
}

export interface NodeResult {
  node: string;
  /** undefined where the node could not be asked. */
  pod?: string;
  captures: CaptureResult[];
  /** By choice: not a problem. */
  leftOut: LeftOut[];
  /** Worth knowing, and nothing is missing for it. */
  notes: string[];
  /** Of the node as a whole. */
  problems: string[];
}

export interface GatherResult {
  nodes: NodeResult[];
  /** Of no node. */
  problems: string[];
}

/** Every problem as one sentence with the names it is about. */
export function allProblems({ nodes, problems }: GatherResult): string[] {
  const ofNodes = nodes.flatMap(({ node, captures, problems: own }) => [
    ...own.map((problem) => `node ${node}: ${problem}`),
    ...captures.flatMap(({ capture, problems: ofCapture }) =>
      ofCapture.map((problem) => `node ${node}: ${capture}: ${problem}`),
    ),
  ]);
  return [...problems, ...ofNodes];
}
