import { stringify } from "yaml";
import type { PacketCapture } from "../api/resource.ts";

/** Writes the resources as YAML documents to stdout. A reader that went away is no reason to fail. */
export async function printResources(captures: readonly PacketCapture[]): Promise<void> {
  const text = captures.map((capture) => stringify(capture, { lineWidth: 0 })).join("---\n");
  await new Promise<void>((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}
