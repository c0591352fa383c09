import { PcapperError, throwProblems } from "../errors.ts";
import { writeList } from "../export/list.ts";
import { writerTo } from "../export/output-stream.ts";
import { readFile } from "../export/read-file.ts";
import { endEarlier } from "../export/session.ts";
import { sinceTime } from "../export/since.ts";

/** `pcapper export list`. @returns the exit code */
export async function exportList(names: readonly string[], { hostmount }: { hostmount: string }) {
  await writeList({ hostmount, names, node: process.env.NODE_NAME ?? "" }, writerTo(process.stdout));
  return 0;
}

export interface ReadArguments {
  hostmount: string;
  from: string;
  to: string;
  session?: string;
}

/** `pcapper export read`: bytes on stdout, the checksum as the last line on stderr. @returns the exit code */
export async function exportRead(
  folder: string,
  file: string,
  { hostmount, from, to, session }: ReadArguments,
) {
  const wish = { hostmount, folder, file, from: parseOffset("--from", from), to: parseOffset("--to", to) };
  if (session !== undefined) endEarlier(session);
  const say = writerTo(process.stderr);
  const onHashed = (hashed: number): void => void process.stderr.write(`${JSON.stringify({ hashed })}\n`);
  const checksum = await readFile(wish, writerTo(process.stdout), onHashed);
  await say(`${JSON.stringify(checksum)}\n`);
  return 0;
}

export interface TarArguments {
  hostmount: string;
  includeRunning?: boolean;
  since?: string;
  sinceTime?: string;
}

/** `pcapper export tar`: an archive on stdout, what is missing in it on stderr. @returns the exit code */
export async function exportTar(
  names: readonly string[],
  { hostmount, includeRunning, ...times }: TarArguments,
) {
  const selection = { includeRunning: includeRunning === true, since: sinceTime(times, Date.now()) };
  // Loaded late: what sends one file does not need it.
  const { writeTar } = await import("../export/write-tar.ts");
  const { problems, leftOut } = await writeTar({ hostmount, names, selection }, writerTo(process.stdout));
  for (const line of leftOut) process.stderr.write(`pcapper: left out: ${line}\n`);
  throwProblems(problems.map((message) => ({ code: "PCAPPER_EXPORT_INCOMPLETE", message })));
  return 0;
}

function parseOffset(option: string, text: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new PcapperError("PCAPPER_BAD_ARGUMENT", `${option} is "${text}": write a whole number of bytes`);
}
