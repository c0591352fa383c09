import { closeSync, fstatSync, openSync, readSync } from "node:fs";

/** One packet of a capture file. */
export interface PcapRecord {
  /** Nanoseconds since 1970. */
  timestamp: bigint;
  /** True length on the wire. */
  length: number;
  /** What was kept of it. */
  data: Buffer;
}

export interface PcapHeader {
  snapLength: number;
  /** Number of the LINKTYPE_ registry. */
  linkType: number;
}

export interface PcapReader {
  header: PcapHeader;
  /** Reads on from record to record and closes the file after the last. */
  records: Generator<PcapRecord, void, void>;
}

const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const CHUNK = 1 << 20;

/**
 * Reads a capture file of this machine's byte order as a stream and forgives nothing.
 * @param length bytes to read: a running capture may be read as far as its manifest says.
 * @throws Error at the first byte that is not as it must be
 */
export function openPcap(path: string, length?: number): PcapReader {
  const source = openSource(path, length);
  try {
    const header = readHeader(path, source.take(FILE_HEADER));
    return { header, records: readRecords(path, header, source) };
  } catch (error) {
    source.close();
    throw error;
  }
}

/** All records at once, for small files. */
export function readPcap(path: string, length?: number): { header: PcapHeader; records: PcapRecord[] } {
  const { header, records } = openPcap(path, length);
  return { header, records: [...records] };
}

function readHeader(path: string, bytes: Buffer): PcapHeader {
  if (bytes.length < FILE_HEADER) throw complaint(path, `the file header has ${bytes.length} bytes, not 24`);
  const magic = bytes.readUInt32LE(0);
  if (magic !== MAGIC_NANOSECONDS) throw complaint(path, `magic 0x${magic.toString(16)}`);
  const version = `${bytes.readUInt16LE(4)}.${bytes.readUInt16LE(6)}`;
  if (version !== "2.4") throw complaint(path, `version ${version}`);
  if (bytes.readBigUInt64LE(8) !== 0n) throw complaint(path, "zone and accuracy are not 0");
  return { snapLength: bytes.readUInt32LE(16), linkType: bytes.readUInt32LE(20) };
}

function* readRecords(path: string, header: PcapHeader, source: Source): Generator<PcapRecord, void, void> {
  try {
    for (let number = 1; ; number += 1) {
      const head = source.take(RECORD_HEADER);
      if (head.length === 0) return;
      yield readRecord(`${path}, packet ${number}`, header, head, source);
    }
  } finally {
    source.close();
  }
}

function readRecord(where: string, header: PcapHeader, head: Buffer, source: Source): PcapRecord {
  if (head.length < RECORD_HEADER) throw complaint(where, `${head.length} stray bytes at the end`);
  const [seconds, nanoseconds] = [head.readUInt32LE(0), head.readUInt32LE(4)];
  const [kept, length] = [head.readUInt32LE(8), head.readUInt32LE(12)];
  if (seconds === 0 || kept === 0 || length === 0) throw complaint(where, "a record of zeros");
  if (nanoseconds >= 1e9) throw complaint(where, `${nanoseconds} nanoseconds`);
  if (kept > header.snapLength)
    throw complaint(where, `${kept} bytes kept, snap length ${header.snapLength}`);
  if (kept > length) throw complaint(where, `${kept} bytes kept of ${length}`);
  const data = source.take(kept);
  if (data.length < kept) throw complaint(where, `${data.length} of ${kept} bytes are there`);
  return { timestamp: BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds), length, data };
}

function complaint(where: string, what: string): Error {
  return new Error(`${where}: ${what}`);
}

interface Source {
  /** The next `count` bytes, fewer only at the end. */
  take(count: number): Buffer;
  close(): void;
}

function openSource(path: string, length: number | undefined): Source {
  const file = openSync(path, "r");
  const end = length ?? fstatSync(file).size;
  let position = 0;
  let rest: Buffer = Buffer.alloc(0);
  let open = true;
  const fill = (count: number): void => {
    const chunk = Buffer.alloc(Math.min(Math.max(CHUNK, count - rest.length), end - position));
    const got = readSync(file, chunk, 0, chunk.length, position);
    position = got === 0 ? end : position + got;
    rest = Buffer.concat([rest, chunk.subarray(0, got)]);
  };
  return {
    take: (count) => {
      while (rest.length < count && position < end) fill(count);
      const taken = rest.subarray(0, count);
      rest = rest.subarray(taken.length);
      return taken;
    },
    close: () => {
      if (open) closeSync(file);
      open = false;
    },
  };
}
