const FILE_HEADER = 24;
const RECORD_HEADER = 16;
const DATA = 8;

/** A capture file as the engine writes it: Ethernet, nanoseconds, `packets` of eight bytes, a second apart. */
export function pcapBytes(packets: number, firstSecond = 1_764_000_000): Buffer {
  const bytes = Buffer.alloc(FILE_HEADER + packets * (RECORD_HEADER + DATA));
  bytes.writeUInt32LE(0xa1b23c4d, 0);
  bytes.writeUInt16LE(2, 4);
  bytes.writeUInt16LE(4, 6);
  bytes.writeUInt32LE(262_144, 16);
  bytes.writeUInt32LE(1, 20);
  for (let index = 0; index < packets; index += 1) {
    const at = FILE_HEADER + index * (RECORD_HEADER + DATA);
    bytes.writeUInt32LE(firstSecond + index, at);
    bytes.writeUInt32LE(DATA, at + 8);
    bytes.writeUInt32LE(DATA, at + 12);
    bytes.writeBigUInt64BE(BigInt(index), at + RECORD_HEADER);
  }
  return bytes;
}
