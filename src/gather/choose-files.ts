import type { ExportedCapture, ExportedFile } from "../export/listing.ts";
import { type Selection, selectFiles } from "../export/selection.ts";
import type { CaptureResult, LeftOut } from "./results.ts";

/** A capture that is gathered, and what became of it so far. */
export interface ChosenCapture {
  capture: ExportedCapture;
  result: CaptureResult;
}

/** A file that is wanted. */
export interface Job extends ChosenCapture {
  file: ExportedFile;
  isManifest: boolean;
}

export interface Choice {
  captures: ChosenCapture[];
  /** In the order in which they are fetched. */
  jobs: Job[];
  leftOut: LeftOut[];
}

/** Small files first, then the newest: whoever ends the gathering early has the most of it. */
export function chooseFiles(captures: readonly ExportedCapture[], selection: Selection): Choice {
  const choice: Choice = { captures: [], jobs: [], leftOut: [] };
  for (const capture of captures) {
    const { folder, prefix, manifestFile } = capture;
    const selected = selectFiles(capture, selection);
    if ("leftOut" in selected) {
      choice.leftOut.push({ capture: folder, prefix, why: selected.leftOut });
      continue;
    }
    const chosen = { capture, result: emptyResult(capture, selected.files.length) };
    choice.captures.push(chosen);
    for (const file of selected.files) choice.jobs.push({ ...chosen, file, isManifest: false });
    if (manifestFile !== undefined) choice.jobs.push({ ...chosen, file: manifestFile, isManifest: true });
  }
  choice.jobs.sort((a, b) => a.file.bytes - b.file.bytes || modified(b.file) - modified(a.file));
  return choice;
}

function emptyResult(capture: ExportedCapture, selected: number): CaptureResult {
  const { folder, prefix, running, removedMeanwhile = [], problems } = capture;
  return {
    capture: folder,
    prefix,
    running,
    wanted: selected + removedMeanwhile.length,
    files: [],
    removedMeanwhile: [...removedMeanwhile],
    manifest: "missing",
    problems: [...problems],
  };
}

function modified(file: ExportedFile): number {
  return Date.parse(file.modified);
}
