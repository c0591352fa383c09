import { byteSizeText } from "../byte-size.ts";
import { printable } from "../printable.ts";
import { allProblems, type CaptureResult, type GatherResult, type NodeResult } from "./results.ts";

/** What is written to summary.json: the result, and at what time and for whom it was made. */
export function summaryDocument(
  result: GatherResult,
  facts: { version: string; time: string; namespace: string },
) {
  const { nodes, problems } = result;
  return { gather: "pcapper/v1", ...facts, complete: allProblems(result).length === 0, nodes, problems };
}

const HEADINGS = ["NODE", "CAPTURE", "FILES", "SIZE", "STATE"];

/** A line per capture of each node; captures left out, nodes that are missing and nodes that have none too. */
export function summaryTable({ nodes }: GatherResult): string {
  // What a node says is not for the terminal to obey.
  const rows = [HEADINGS, ...nodes.flatMap(rowsOf).map((row) => row.map(printable))];
  const widths = HEADINGS.map((_heading, column) => longest(rows, column));
  const line = (row: readonly string[]) =>
    row.map((cell, column) => (column < row.length - 1 ? cell.padEnd(widths[column] ?? 0) : cell)).join("  ");
  return `${rows.map(line).join("\n")}\n`;
}

function longest(rows: readonly string[][], column: number): number {
  return rows.reduce((most, row) => Math.max(most, row[column]?.length ?? 0), 0);
}

function rowsOf({ node, captures, leftOut, notes, problems }: NodeResult): string[][] {
  const rows = [
    ...captures.map((capture) => [
      ...[node, capture.capture, String(capture.files.length)],
      ...[byteSizeText(bytesOf(capture)), stateOf(capture)],
    ]),
    ...leftOut.map(({ capture, why }) => [node, capture, "-", "-", `left out: ${why}`]),
    ...notes.map((note) => [node, "-", "-", "-", note]),
    ...problems.map((problem) => [node, "-", "-", "-", `FAILED: ${problem}`]),
  ];
  return rows.length > 0 ? rows : [[node, "-", "-", "-", "has no captures"]];
}

function bytesOf({ files }: CaptureResult): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

function stateOf({ running, wanted, files, removedMeanwhile, problems }: CaptureResult): string {
  const missing = wanted - files.length - removedMeanwhile.length;
  if (missing > 0) return `INCOMPLETE: ${missing} of ${wanted} files missing`;
  if (problems.length > 0)
    return `INCOMPLETE: ${problems.length === 1 ? problems[0] : `${problems.length} problems`}`;
  if (!running) return "complete";
  const removed = removedMeanwhile.length;
  return removed === 0 ? "still running" : `still running, ${removed} removed by its ring meanwhile`;
}
