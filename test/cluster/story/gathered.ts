import { globSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { nanoseconds, readManifest } from "../../helpers/manifest.ts";
import { type PcapRecord, readPcap } from "../../helpers/pcap-reader.ts";
import { makeTemporaryFolder } from "../../helpers/temporary-folder.ts";
import { captureFiles } from "./pings.ts";
import { pcapper } from "./test-cluster.ts";

export interface Gathered {
  packets: PcapRecord[];
  /** Nanoseconds since 1970, as the manifest tells them. */
  startTime: bigint;
  gaps: { from: bigint; to: bigint }[];
}

/** What `pcapper gather` brings home: packets, and the gaps that the manifest tells, in nanoseconds since 1970. */
export async function gather(name: string, node: string): Promise<Gathered> {
  const folder = makeTemporaryFolder();
  try {
    const { code, stderr } = await pcapper("gather", name, "--output", folder.path);
    expect(code, stderr).toBe(0);
    const place = join(folder.path, node, name);
    const packets = (await captureFiles(place)).flatMap((path) => readPcap(path).records);
    const [manifest = ""] = globSync(join(place, "*.json"));
    const { startTime, gaps = [] } = readManifest(manifest);
    const between = gaps.map(({ from, to }) => ({ from: nanoseconds(from), to: nanoseconds(to) }));
    return { packets, startTime: nanoseconds(startTime), gaps: between };
  } finally {
    folder.remove();
  }
}
