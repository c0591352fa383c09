import { findBinaries } from "./binaries.ts";
import { findHelm } from "./helm.ts";

/** Of the vitest project: what is missing is built before a test's time starts to count. */
export async function setup(): Promise<void> {
  await findBinaries();
  await findHelm();
}
