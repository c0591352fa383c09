import { globSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { build } from "esbuild";

/** CommonJS packages in an ESM bundle still call `require`. */
const REQUIRE =
  'import { createRequire as __pcapperRequire } from "node:module"; const require = __pcapperRequire(import.meta.url);';

/** src/main.ts → dist/pcapper.mjs; what a command imports lazily becomes a chunk of its own. */
export async function buildBundle(root: string): Promise<void> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: { pcapper: "src/main.ts" },
    outdir: "dist",
    outExtension: { ".js": ".mjs" },
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node22",
    minify: true,
    legalComments: "none",
    banner: { js: REQUIRE },
    write: false,
    logLevel: "warning",
  });
  for (const { path, contents } of outputFiles) {
    writeFileSync(`${path}.new`, contents);
    renameSync(`${path}.new`, path);
  }
  removeOthers(join(root, "dist"), new Set(outputFiles.map(({ path }) => basename(path))));
}

function removeOthers(folder: string, kept: Set<string>): void {
  for (const file of globSync("*.mjs", { cwd: folder })) {
    if (!kept.has(file)) rmSync(join(folder, file));
  }
}
