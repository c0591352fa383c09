// npm-cap-program.mjs ADDON INTERFACE FILE FILTER: npm `cap` as its users write files with it: one call of
// JavaScript per packet, collected in 256 KiB and written by writeSync. Its packets carry no kernel time.
import { closeSync, openSync, writeSync } from "node:fs";
import { createRequire } from "node:module";

const [addon, interfaceName, path, filter] = process.argv.slice(2);
const { Cap } = createRequire(import.meta.url)(addon);

const file = openSync(path, "wx");
const collected = Buffer.alloc(256 * 1024);
let used = 0;

function flush() {
  writeSync(file, collected, 0, used);
  used = 0;
}

function writeFileHeader() {
  collected.set(new Uint8Array(Uint32Array.of(0xa1b23c4d, 0x00040002, 0, 0, 65535, 1).buffer));
  used = 24;
}

const packet = Buffer.alloc(65535);
const capture = new Cap();
capture.open(interfaceName, filter, 64 * 1024 * 1024, packet);
capture.setMinBytes?.(0);
writeFileHeader();

capture.on("packet", (length) => {
  if (used + 16 + length > collected.length) flush();
  const now = Date.now();
  collected.writeUInt32LE(Math.floor(now / 1000), used);
  collected.writeUInt32LE((now % 1000) * 1_000_000, used + 4);
  collected.writeUInt32LE(length, used + 8);
  collected.writeUInt32LE(length, used + 12);
  packet.copy(collected, used + 16, 0, length);
  used += 16 + length;
});

process.on("SIGINT", () => {
  capture.close();
  flush();
  closeSync(file);
  process.exit(0);
});
