/** A hostmount as a dead agent leaves it: a capture to be repaired, one that has ended, and things of strangers. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pcapBytes } from "./pcap-bytes.ts";

export const CLUSTER = "this-cluster";
export const PREFIX = "n.pcap1.1764000000";
export const OTHER_PREFIX = "n.pcap2.1764000000";

/** Of the capture that has ended: nothing that is done about the other one may change it. */
const OTHER = "pcap2";
const STRANGERS = ["notes.txt", "n.pcap1.176400000.00001.pcap", `x${PREFIX}.00001.pcap`, "backup.json.old"];

const START = "2025-11-24T16:00:00.000000000Z";
const PACKETS = 10;

/** Manifest of a capture of two whole files, and one that is being written where it has no end. */
export function goodManifest(name: string, uid: string, finished: boolean): Record<string, unknown> {
  const prefix = `n.${name}.1764000000`;
  const file = (number: number, suffix = "") => ({
    name: `${prefix}.0000${number}.pcap${suffix}`,
    number,
    packets: PACKETS,
    bytes: pcapBytes(PACKETS).length,
    firstTimestamp: START,
    lastTimestamp: "2025-11-24T16:00:09.000000000Z",
  });
  return {
    manifest: "pcapper/v1",
    capture: {
      cluster: CLUSTER,
      namespace: "pcapper",
      name,
      uid,
      creationTimestamp: "2025-11-24T16:00:00Z",
      node: "n",
      boot: "another",
      spec: { targetNode: "n", targetInterface: "eth0", captureSeconds: 60, maxFileSize: "1M", fileCount: 3 },
    },
    interface: { name: "eth0", index: 2, linkType: "EN10MB" },
    startTime: START,
    reservedThrough: 64,
    files: [file(1), file(2)],
    ...(finished ? {} : { current: file(3, ".part") }),
    removed: { files: 0, packets: 0 },
    statistics: {
      ...{ packets: 3 * PACKETS, bytes: 240, files: 3, filesRemoved: 0 },
      ...{ dropped: 2, droppedByKernel: 2, droppedByInterface: 0, droppedOnWrite: 0 },
    },
    gaps: [{ from: "2025-11-24T16:00:01.000Z", to: "2025-11-24T16:00:02.000Z" }],
    updatedTime: START,
    ...(finished && { finished: { reason: "Stopped", message: "", time: "2025-11-24T16:01:00.000000000Z" } }),
  };
}

/** Writes all of it below `hostmount`, with `manifest` as the one of the dead capture. */
export function writeRemains(hostmount: string, manifest: string, status?: string): void {
  const folder = join(hostmount, "pcap1");
  const other = join(hostmount, OTHER);
  for (const each of [folder, other]) mkdirSync(each, { recursive: true });
  const put = (name: string, content: string | Buffer) => writeFileSync(join(folder, name), content);
  put(`${PREFIX}.json`, manifest);
  put(`.${PREFIX}.lock`, "");
  for (const number of [1, 2]) put(`${PREFIX}.0000${number}.pcap`, pcapBytes(PACKETS));
  put(`${PREFIX}.00003.pcap.part`, Buffer.concat([pcapBytes(PACKETS + 2), Buffer.from("torn")]));
  put(`.${PREFIX}.00004.pcap.next`, pcapBytes(0));
  if (status !== undefined) put(`${PREFIX}.status.json`, status);
  for (const name of STRANGERS) put(name, "somebody's");
  for (const number of [1, 2])
    writeFileSync(join(other, `${OTHER_PREFIX}.0000${number}.pcap`), pcapBytes(PACKETS));
  writeFileSync(join(other, `${OTHER_PREFIX}.json`), JSON.stringify(goodManifest(OTHER, "u2", true)));
}

/** What must be as it was, whatever is read, repaired or removed: by path, its bytes as text. */
export function untouchable(hostmount: string): Record<string, string> {
  const other = ["00001.pcap", "00002.pcap", "json"].map((end) => join(OTHER, `${OTHER_PREFIX}.${end}`));
  const strangers = STRANGERS.map((name) => join("pcap1", name));
  return contentOf(hostmount, [...other, ...strangers]);
}

/** The whole packet files of the dead capture: a repair leaves them as they are. */
export function wholeFiles(hostmount: string): Record<string, string> {
  return contentOf(
    hostmount,
    [1, 2].map((number) => join("pcap1", `${PREFIX}.0000${number}.pcap`)),
  );
}

function contentOf(hostmount: string, paths: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    paths.map((path) => [path, readFileSync(join(hostmount, path)).toString("latin1")]),
  );
}
