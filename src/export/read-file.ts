import { createHash } from "node:crypto";
import { closeSync } from "node:fs";
import { PcapperError } from "../errors.ts";
import { type HeldFile, holdFile, holdFolder, type Refusal } from "./guarded-open.ts";
import type { ExportChecksum } from "./listing.ts";
import { isComponent, isExportable } from "./names.ts";
import type { Write } from "./output-stream.ts";
import { readBytes } from "./read-bytes.ts";

export interface ReadWish {
  hostmount: string;
  folder: string;
  file: string;
  /** The first byte to send; those before it are hashed only. */
  from: number;
  /** One past the last byte to send. */
  to: number;
}

/** Milliseconds between two signs of life while nothing is sent. */
const SIGN_OF_LIFE = 5_000;

/**
 * Sends a part of a file.
 * @param onHashed told about every five seconds how many bytes were hashed while none is sent yet
 * @returns the checksum from the first byte to `to`
 * @throws PcapperError where the file is not to be had or ends before `to`
 */
export async function readFile(
  { hostmount, folder, file: name, from, to }: ReadWish,
  write: Write,
  onHashed: (bytes: number) => void,
): Promise<ExportChecksum> {
  const hash = createHash("sha256");
  const file = holdWanted(hostmount, folder, name);
  try {
    if (to > file.size || from > to) throw outOfRange(`${folder}/${name}`, file.size, from, to);
    let hashed = 0;
    let lastSign = performance.now();
    for await (const chunk of readBytes(name, file, 0, from)) {
      hash.update(chunk);
      hashed += chunk.length;
      if (performance.now() - lastSign < SIGN_OF_LIFE) continue;
      lastSign = performance.now();
      onHashed(hashed);
    }
    for await (const chunk of readBytes(name, file, from, to)) {
      hash.update(chunk);
      await write(chunk);
    }
  } finally {
    closeSync(file.fd);
  }
  return { bytes: to, sha256: hash.digest("hex") };
}

function holdWanted(hostmount: string, folder: string, name: string): HeldFile {
  if (!isComponent(folder)) throw badName("FOLDER", folder, "the name of a capture");
  if (!isExportable(name)) throw badName("FILE", name, "the name of a packet file or a manifest");
  const held = holdFolder(hostmount, folder);
  if ("refused" in held) throw notToBeHad(folder, held);
  try {
    const file = holdFile(held, name);
    if ("refused" in file) throw notToBeHad(`${folder}/${name}`, file);
    return file;
  } finally {
    held.close();
  }
}

function badName(argument: string, found: string, expected: string): PcapperError {
  return new PcapperError(
    "PCAPPER_BAD_ARGUMENT",
    `${argument} is ${JSON.stringify(found)}: write ${expected}`,
  );
}

function notToBeHad(what: string, { refused, missing }: Refusal): PcapperError {
  return new PcapperError(
    missing ? "PCAPPER_EXPORT_NOT_FOUND" : "PCAPPER_EXPORT_REFUSED",
    `${what} ${refused}`,
  );
}

function outOfRange(what: string, size: number, from: number, to: number): PcapperError {
  const found =
    to > size ? `--to is ${to}, and ${what} has ${size} bytes` : `--from is ${from}, and --to is ${to}`;
  return new PcapperError("PCAPPER_EXPORT_OUT_OF_RANGE", `${found}: write offsets up to its end, in order`);
}
