/** Reads packets back and forgives nothing: each must be, byte for byte, one that the sender makes. */
import { join } from "node:path";
import { execute } from "../helpers/execute.ts";
import { type PcapRecord, readPcap } from "../helpers/pcap-reader.ts";
import { sizeOf } from "./folder-of.ts";
import type { KeptFile, KeptPacket } from "./oracle/observation.ts";

/** Ethernet, IPv4 and UDP; on `any` a header of 16 bytes is there in place of Ethernet's. */
const HEADERS = { 1: 14 + 28, 113: 16 + 28 } as const;
const NUMBER_BYTES = 8;

export interface ReadFiles {
  files: KeptFile[];
  complaints: string[];
}

/**
 * @param names in their order
 * @param listed lengths of files that were left unfinished: what is behind is told to nobody
 */
export async function readFiles(
  folder: string,
  names: readonly string[],
  listed: ReadonlyMap<string, number>,
): Promise<ReadFiles> {
  const result: ReadFiles = { files: [], complaints: [] };
  for (const name of names) {
    const path = join(folder, name);
    const bytes = sizeOf(path) ?? 0;
    const length = readableLength(path, bytes, listed.get(name));
    const file: KeptFile = { name, bytes: length, packets: [] };
    result.files.push(file);
    try {
      const { header, records } = readPcap(path, length);
      file.packets = records.map(({ data, timestamp }) => ({
        number: Number(data.readBigUInt64BE(data.length - NUMBER_BYTES)),
        at: Number(timestamp / 1000n) / 1000,
      }));
      const changed = records.find(
        (record, index) => !isAsSent(record, header.linkType, file.packets[index]),
      );
      if (changed !== undefined) result.complaints.push(`${name}: a packet is not as it was sent`);
      const others = length < bytes ? undefined : await otherReaders(path, records.length);
      if (others !== undefined) result.complaints.push(`${name}: ${others}`);
    } catch (error) {
      result.complaints.push((error as Error).message);
    }
  }
  return result;
}

/** One that a failing disk left in the middle of a packet is good as far as its manifest says. */
function readableLength(path: string, bytes: number, listed: number | undefined): number {
  if (!path.endsWith(".part") || listed === undefined || listed >= bytes) return bytes;
  try {
    readPcap(path);
    return bytes;
  } catch {
    return listed;
  }
}

/** The sender fills a packet with the last byte of its number. */
function isAsSent({ data, length }: PcapRecord, linkType: number, packet: KeptPacket | undefined): boolean {
  const headers = HEADERS[linkType as keyof typeof HEADERS];
  if (headers === undefined || packet === undefined || data.length !== length) return false;
  const filling = data.subarray(headers, data.length - NUMBER_BYTES);
  return filling.every((byte) => byte === packet.number % 256);
}

/** What tcpdump and capinfos have to say against it; undefined = nothing. */
async function otherReaders(path: string, packets: number): Promise<string | undefined> {
  const tcpdump = await execute(["tcpdump", "-Z", "root", "-nn", "--count", "-r", path]);
  const counted = tcpdump.stdout.trim();
  if (tcpdump.code !== 0 || counted !== `${packets} packet${packets === 1 ? "" : "s"}`)
    return `tcpdump says ${counted} and ${tcpdump.stderr.trim()}; ${packets} are there`;
  const capinfos = await execute(["capinfos", "-T", "-r", "-M", "-c", path]);
  if (capinfos.code !== 0 || capinfos.stdout.trim().split("\t").at(-1) !== String(packets))
    return `capinfos says ${capinfos.stdout.trim()} and ${capinfos.stderr.trim()}; ${packets} are there`;
  return undefined;
}
