import { join } from "node:path";
import { expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { makeLink } from "../helpers/link.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { openPcap } from "../helpers/pcap-reader.ts";
import { capture, startPcapper } from "../helpers/pcapper.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";
import { finishedManifest } from "../helpers/truth-checks.ts";
import { sendDatagrams } from "../traffic/datagram-traffic.ts";
import { sendFrames } from "../traffic/frame-traffic.ts";
import { numbered } from "../traffic/traffic.ts";

const COUNT = 60_000;
const FLAT_OUT = { first: 0, count: COUNT, length: 1200, rate: 0 };
/** A receiver that cannot keep up: far less room and speed than the sender needs. */
const SLOW = { CAPTURE_BUFFER: "1Mi", MAX_WRITE_RATE: "8Mi" };

interface Place {
  namespace: NetworkNamespace;
  interfaceName: string;
  flood(): Promise<void>;
  remove(): void;
}

const PLACES: Record<"veth" | "lo", () => Promise<Place>> = {
  veth: async () => {
    const link = await makeLink();
    const flood = (): Promise<void> => sendFrames(link, { kind: "udp4", ...FLAT_OUT });
    return { namespace: link.near, interfaceName: link.nearName, flood, remove: link.remove };
  },
  lo: async () => {
    const namespace = await makeNetworkNamespace();
    const flood = (): Promise<void> => sendDatagrams(namespace, { address: "127.0.0.1", ...FLAT_OUT });
    return { namespace, interfaceName: "lo", flood, remove: namespace.remove };
  },
};

const CASES = (["veth", "lo"] as const).flatMap((place) =>
  [false, true].flatMap((filtered) => [false, true].map((ring) => ({ place, filtered, ring }))),
);

describeAsRoot("A capture that cannot keep up counts what it lost", () => {
  test.each(CASES)("on $place, filter: $filtered, ring: $ring", async ({ place, filtered, ring }) => {
    const folder = makeTemporaryFolder();
    const { namespace, interfaceName, flood, remove } = await PLACES[place]();
    // What fits into the kernel's ring alone is more than a ring of files keeps.
    const limits = ring ? { maxFileSize: 65_536, fileCount: 3 } : { maxFileSize: 200_000_000, fileCount: 1 };
    const spec = {
      targetNode: "localhost",
      targetInterface: interfaceName,
      captureSeconds: 60,
      snapLength: 1500,
    };
    const pcapper = startPcapper(
      capture("overload", { ...spec, ...limits, ...(filtered ? { captureFilter: "udp port 9999" } : {}) }),
      { namespace, output: folder.path, env: SLOW },
    );
    try {
      await pcapper.running();
      await flood();
      pcapper.kill("SIGINT");
      const { received } = await interfaceCounters(namespace, interfaceName);
      expect(received, "the interface took all that was sent").toBe(COUNT);
      const result = await pcapper.ended;
      expect(result, result.stderr).toMatchObject({ exitCode: 0 });

      const { statistics, files, removed } = finishedManifest({ pcapper });
      expect(result.resource().status?.statistics).toMatchObject(statistics);
      expect(statistics.dropped).toBeGreaterThan(0);
      const offered = filtered ? numbered(COUNT).matching : COUNT;
      expect(statistics.packets + statistics.dropped, JSON.stringify(statistics)).toBe(offered);
      expect(removed.files > 0, "the ring went round").toBe(ring);
      for (const { bytes } of files) expect(bytes).toBeLessThanOrEqual(limits.maxFileSize);
      const kept = files.map(({ name }) => [...openPcap(join(pcapper.folder, name)).records].length);
      expect(kept).toEqual(files.map(({ packets }) => packets));
      expect(kept.reduce((a, b) => a + b, 0) + removed.packets).toBe(statistics.packets);
    } finally {
      pcapper.kill("SIGKILL");
      await pcapper.ended;
      remove();
      folder.remove();
    }
  });
});
