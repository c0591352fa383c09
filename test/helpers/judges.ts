/** Three programs that people read captures with; each must agree with the strict reader and not complain. */
import { basename } from "node:path";
import { type Executed, execute } from "./execute.ts";
import { type PcapRecord, readPcap } from "./pcap-reader.ts";

const AS_ROOT = 'Running as user "root" and group "root". This could be dangerous.';

export interface Judged {
  linkType: number;
  snapLength: number;
  records: PcapRecord[];
}

/** @throws Error with the complaint of the first reader that has one, or with what they differ in */
export async function judge(path: string): Promise<Judged> {
  const { header, records } = readPcap(path);
  await Promise.all([byTcpdump(path, records), byTshark(path, records), byCapinfos(path, records)]);
  return { ...header, records };
}

async function byTcpdump(path: string, records: PcapRecord[]): Promise<void> {
  const result = await execute(["tcpdump", "-Z", "root", "-nn", "--count", "-r", path]);
  const told = `reading from file ${path}, link-type `;
  mustBeContent(
    "tcpdump",
    path,
    result,
    (stderr) => stderr.startsWith(told) && stderr.indexOf("\n") === stderr.length - 1,
  );
  mustAgree(
    "tcpdump",
    path,
    result.stdout.trim(),
    `${records.length} packet${records.length === 1 ? "" : "s"}`,
  );
}

async function byTshark(path: string, records: PcapRecord[]): Promise<void> {
  const fields = ["frame.time_epoch", "frame.len", "frame.cap_len"].flatMap((field) => ["-e", field]);
  const result = await execute(["tshark", "-n", "-r", path, "-T", "fields", ...fields]);
  mustBeContent("tshark", path, result, (stderr) => stderr === "" || stderr === `${AS_ROOT}\n`);
  const lines = records.map(
    ({ timestamp, length, data }) => `${epoch(timestamp)}\t${length}\t${data.length}\n`,
  );
  mustAgree("tshark", path, result.stdout, lines.join(""));
}

async function byCapinfos(path: string, records: PcapRecord[]): Promise<void> {
  // Table, no header line, machine-readable: packets, bytes of data, first and last time.
  const result = await execute(["capinfos", "-T", "-r", "-M", "-c", "-d", "-a", "-e", "-S", path]);
  mustBeContent("capinfos", path, result, (stderr) => stderr === "" || stderr === `${AS_ROOT}\n`);
  const times = records.map(({ timestamp }) => timestamp).sort((a, b) => Number(a - b));
  const [first, last] = [times[0], times.at(-1)];
  const bytes = records.reduce((sum, { length }) => sum + length, 0);
  const expected = [path, records.length, bytes, ...[first, last].map((t) => (t ? epoch(t) : "n/a"))];
  mustAgree("capinfos", path, result.stdout.trim(), expected.join("\t"));
}

function mustBeContent(
  who: string,
  path: string,
  { code, stderr }: Executed,
  isUsual: (stderr: string) => boolean,
): void {
  if (code === 0 && isUsual(stderr)) return;
  throw new Error(`${who} complains about ${basename(path)} (exit code ${code}): ${stderr}`);
}

function mustAgree(who: string, path: string, found: string, expected: string): void {
  if (found === expected) return;
  const [a, b] = [found.split("\n"), expected.split("\n")];
  const at = a.findIndex((line, index) => line !== b[index]);
  throw new Error(
    `${who} reads ${basename(path)} otherwise: ${a.length} lines, "${a[at]}" in line ${at + 1}, not "${b[at]}"`,
  );
}

/** `SECONDS.NNNNNNNNN` */
function epoch(timestamp: bigint): string {
  const digits = timestamp.toString();
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
