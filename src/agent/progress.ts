import { REASONS } from "../errors.ts";

/** The progress a capture ends with, by the reason it ended for; a word that is not in the catalogue is a failure. */
export function finalProgress(reason: string): "finished" | "failure" {
  return Object.hasOwn(REASONS, reason) ? REASONS[reason as keyof typeof REASONS].progress : "failure";
}

/** A capture with this progress never changes it again. */
export function isFinal(progress: string | undefined): boolean {
  return progress === "finished" || progress === "failure";
}
