import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { markdown } from "./markdown.ts";
import type { Results } from "./results.ts";
import { outFolder, root } from "./toolbox.ts";

/** Puts tables into docs/performance.md, between the comments that `mark` begins. */
export async function writeDocs(tables: string, mark: string): Promise<void> {
  const [begin, end] = [`<!-- ${mark}: begin -->`, `<!-- ${mark}: end -->`];
  const path = join(root, "docs/performance.md");
  const page = await readFile(path, "utf8");
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  await writeFile(path, `${page.slice(0, from + begin.length)}\n${tables}${page.slice(to)}`);
}

/** bench/out/bench.json, bench.md, and docs/performance.md if asked. @returns the tables */
export async function writeResults(results: Results, intoDocs: boolean): Promise<string> {
  const tables = markdown(results);
  await writeFile(join(outFolder, "bench.json"), `${JSON.stringify(results, null, 1)}\n`);
  await writeFile(join(outFolder, "bench.md"), tables);
  if (intoDocs) await writeDocs(tables, "bench");
  return tables;
}
