import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { makeLink } from "../helpers/link.ts";
import { capture, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";

const MEGABYTE = 1_000_000;
/** 80 MB beside the ring, which is the kernel's, and the write buffer. */
const MOST_BYTES = 80 * MEGABYTE + 4.5 * MEGABYTE;
const FLOOD = { kind: "udp4", first: 0, count: 200_000, length: 1000, rate: 0 } as const;
const SAMPLE_EVERY_MS = 5;

const RINGS: [what: string, limits: object][] = [
  ["into one file", { maxFileSize: "1G", fileCount: 1 }],
  ["into files that turn all the time", { maxFileSize: "64Ki", fileCount: 20 }],
  ["into the largest ring there may be", { maxFileSize: "64Ki", fileCount: 99_999 }],
];

/** Bytes of anonymous memory that a process has now; undefined where it has ended. */
function anonymousBytes(pid: number): number | undefined {
  try {
    const found = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}

describeAsRoot("The memory of pcapper run", () => {
  test.each(RINGS)("is bounded while it captures %s", async (_what, limits) => {
    const folder = makeTemporaryFolder();
    const link = await makeLink();
    const target = { targetNode: "localhost", targetInterface: link.nearName, captureSeconds: 60 };
    const pcapper = startPcapper(capture("memory", { ...target, snapLength: 1500, ...limits }), {
      namespace: link.near,
      output: folder.path,
      env: { MIN_FREE_DISK: "0" },
    });
    const peak = { bytes: 0, samples: 0 };
    const watched = (async () => {
      for (
        let bytes = anonymousBytes(pcapper.pid);
        bytes !== undefined;
        bytes = anonymousBytes(pcapper.pid)
      ) {
        peak.bytes = Math.max(peak.bytes, bytes);
        peak.samples += 1;
        await pause(SAMPLE_EVERY_MS);
      }
    })();
    try {
      await pcapper.running();
      await sendFrames(link, FLOOD);
      pcapper.kill("SIGINT");
      const { exitCode, stderr } = await pcapper.ended;
      await watched;
      expect(exitCode, stderr).toBe(0);
      expect(peak.samples).toBeGreaterThan(10);
      expect(peak.bytes / MEGABYTE).toBeLessThan(MOST_BYTES / MEGABYTE);
    } finally {
      pcapper.kill("SIGKILL");
      await pcapper.ended;
      link.remove();
      folder.remove();
    }
  });
});
