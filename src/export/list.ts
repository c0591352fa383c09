import { type Dirent, readdirSync } from "node:fs";
import { PcapperError } from "../errors.ts";
import { holdFolder } from "./guarded-open.ts";
import { listCapture } from "./list-capture.ts";
import { EXPORT_VERSION, type ExportedCapture, type ExportList } from "./listing.ts";
import { isComponent, isExportable, isStrangePacketFile, prefixOf } from "./names.ts";
import type { Write } from "./output-stream.ts";

export interface FolderListing {
  captures: ExportedCapture[];
  problems: string[];
}

/**
 * The folders of captures below the hostmount, one after the other: a manifest may be large, and only one
 * folder's are in memory at a time.
 * @param names of captures; all where there are none
 * @throws PcapperError where the hostmount cannot be read
 */
export async function* listFolders(
  hostmount: string,
  names: readonly string[],
): AsyncGenerator<FolderListing> {
  const wanted = new Set(names);
  for (const entry of entriesOf(hostmount).sort(byName)) {
    if (!isComponent(entry.name) || (wanted.size > 0 && !wanted.has(entry.name))) continue;
    // A link is looked at so that it is told.
    if (entry.isDirectory() || entry.isSymbolicLink()) yield await listFolder(hostmount, entry.name);
  }
}

/** Writes the ExportList, a folder at a time. */
export async function writeList(
  { hostmount, names, node }: { hostmount: string; names: readonly string[]; node: string },
  write: Write,
): Promise<void> {
  const version: ExportList["export"] = EXPORT_VERSION;
  const problems: string[] = [];
  let separator = "";
  await write(`{"export":${JSON.stringify(version)},"node":${JSON.stringify(node)},"captures":[`);
  for await (const folder of listFolders(hostmount, names)) {
    problems.push(...folder.problems);
    for (const capture of folder.captures) {
      await write(`${separator}\n${JSON.stringify(capture)}`);
      separator = ",";
    }
  }
  await write(`],\n"problems":${JSON.stringify(problems)}}\n`);
}

async function listFolder(hostmount: string, folder: string): Promise<FolderListing> {
  const held = holdFolder(hostmount, folder);
  if ("refused" in held) {
    // Removed since it was seen: so are its files.
    return { captures: [], problems: held.missing ? [] : [`${folder} ${held.refused}`] };
  }
  try {
    const names = readdirSync(held.path).sort();
    const strange = names.filter(isStrangePacketFile);
    const prefixes = new Set(names.filter(isExportable).map((name) => prefixOf(name) ?? ""));
    const captures: ExportedCapture[] = [];
    for (const prefix of prefixes) captures.push(await listCapture(held, folder, prefix, names));
    return {
      captures,
      problems: strange.map((name) => `${folder}: ${JSON.stringify(name)} is no name that pcapper gives`),
    };
  } catch (error) {
    return { captures: [], problems: [`${folder} cannot be read: ${(error as Error).message}`] };
  } finally {
    held.close();
  }
}

function entriesOf(hostmount: string): Dirent[] {
  try {
    return readdirSync(hostmount, { withFileTypes: true });
  } catch (error) {
    // Node's own sentence, without its call.
    const [why] = (error as Error).message.split(", scandir");
    throw new PcapperError(
      "PCAPPER_EXPORT_UNREADABLE",
      `the hostmount "${hostmount}" cannot be read: ${why}`,
    );
  }
}

function byName(a: Dirent, b: Dirent): number {
  return a.name < b.name ? -1 : 1;
}
