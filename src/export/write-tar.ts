import { createHash } from "node:crypto";
import { closeSync } from "node:fs";
import { Readable } from "node:stream";
import { type Pack, pack } from "tar-stream";
import { type HeldFile, type HeldFolder, holdFile, holdFolder, type Refusal } from "./guarded-open.ts";
import { listFolders } from "./list.ts";
import type { ExportedCapture, ExportedFile } from "./listing.ts";
import type { Write } from "./output-stream.ts";
import { readBytes } from "./read-bytes.ts";
import { type Selection, selectFiles } from "./selection.ts";
import { wholeEntry } from "./whole-entry.ts";

export interface TarWish {
  hostmount: string;
  names: readonly string[];
  selection: Selection;
}

/** What a person has to know beside the archive. */
export interface TarReport {
  problems: string[];
  leftOut: string[];
}

const CHECKSUMS = "checksums.sha256";

/**
 * Writes captures as a tar stream: `FOLDER/FILE`, manifests last in each folder, and at the very end the
 * checksums of all, so that an archive which was cut short can be told. A file that becomes shorter while it is sent
 * has zeros to the length it should have, and the checksum of its own bytes alone: to whoever checks it is damaged.
 * @throws where the reader went away: the archive then has no end
 */
export async function writeTar(wish: TarWish, write: Write): Promise<TarReport> {
  const archive = pack();
  const report: TarReport = { problems: [], leftOut: [] };
  const filled = fill(archive, wish, report);
  // The loop below throws the same; where the loop itself fails, the rest fails because of it.
  filled.catch((error: Error) => archive.destroy(error));
  for await (const chunk of archive) await write(chunk as Buffer);
  await filled;
  return report;
}

async function fill(
  archive: Pack,
  { hostmount, names, selection }: TarWish,
  report: TarReport,
): Promise<void> {
  const checksums: string[] = [];
  for await (const { captures, problems } of listFolders(hostmount, names)) {
    report.problems.push(...problems);
    for (const capture of captures) {
      report.problems.push(...capture.problems.map((problem) => `${capture.folder}: ${problem}`));
      const chosen = selectFiles(capture, selection);
      if ("leftOut" in chosen) {
        report.leftOut.push(`${capture.folder}: ${capture.prefix}: ${chosen.leftOut}`);
        continue;
      }
      for (const line of await addCapture(archive, hostmount, capture, chosen.files, report))
        checksums.push(line);
    }
  }
  await addEntry(archive, { name: CHECKSUMS, ...ofText(checksums.join("")) });
  archive.finalize();
}

/** @returns the lines of its files in the list of checksums */
async function addCapture(
  archive: Pack,
  hostmount: string,
  capture: ExportedCapture,
  files: readonly ExportedFile[],
  report: TarReport,
): Promise<string[]> {
  const { folder, manifest, manifestFile } = capture;
  const held = holdFolder(hostmount, folder);
  if ("refused" in held) {
    report.problems.push(`${folder} ${held.refused}`);
    return [];
  }
  const lines: string[] = [];
  try {
    for (const file of [...files, ...(manifestFile === undefined ? [] : [manifestFile])]) {
      const line = await addFile(archive, held, capture, file, report);
      if (line !== undefined) lines.push(line);
    }
  } finally {
    held.close();
  }
  if (manifest === undefined || manifestFile !== undefined) return lines;
  // On the disk it has changed since: this is the one that the lengths are from.
  const name = `${folder}/${capture.prefix}.json`;
  return [...lines, await addEntry(archive, { name, ...ofText(`${JSON.stringify(manifest)}\n`) })];
}

async function addFile(
  archive: Pack,
  held: HeldFolder,
  { folder, running }: ExportedCapture,
  { name, bytes, modified }: ExportedFile,
  report: TarReport,
): Promise<string | undefined> {
  const path = `${folder}/${name}`;
  const file: HeldFile | Refusal = holdFile(held, name);
  if ("refused" in file) {
    if (running && file.missing) report.leftOut.push(`${folder}: ${name}: its ring has removed it meanwhile`);
    else report.problems.push(`${path} ${file.refused}`);
    return undefined;
  }
  const onShort = (why: string): void =>
    void report.problems.push(
      `${why}: in the archive it has zeros up to ${bytes} bytes, and a checksum that does not fit`,
    );
  try {
    const chunks = readBytes(path, file, 0, bytes);
    const entry = { name: path, size: bytes, modified: new Date(modified), chunks };
    return await addEntry(archive, entry, onShort);
  } finally {
    closeSync(file.fd);
  }
}

interface Entry {
  name: string;
  size: number;
  modified: Date;
  chunks: AsyncIterable<Buffer>;
}

function ofText(text: string): Omit<Entry, "name"> {
  const bytes = Buffer.from(text);
  return { size: bytes.length, modified: new Date(), chunks: Readable.from([bytes]) };
}

/** @returns its line in the list of checksums, as sha256sum has it */
async function addEntry(
  archive: Pack,
  { name, size, modified: mtime, chunks }: Entry,
  onShort: (why: string) => void = () => undefined,
): Promise<string> {
  const hash = createHash("sha256");
  async function* hashed() {
    for await (const chunk of chunks) {
      hash.update(chunk);
      // The archive keeps it for a while.
      yield Buffer.from(chunk);
    }
  }
  await new Promise<void>((resolve, reject) => {
    const header = { name, size, mtime, mode: 0o640, type: "file" } as const;
    const entry = archive.entry(header, (error) => (error ? reject(error) : resolve()));
    const source = Readable.from(wholeEntry(size, hashed(), onShort), { objectMode: false });
    source.on("error", (error) => {
      reject(error);
      entry.destroy(error);
    });
    entry.on("error", reject);
    source.pipe(entry);
  });
  return `${hash.digest("hex")}  ${name}\n`;
}
