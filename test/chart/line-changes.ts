import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute } from "../helpers/execute.ts";
import { makeTemporaryFolder } from "../helpers/temporary-folder.ts";

/** What `diff -U1` says of two texts, without line numbers: they move with every line above. */
export async function lineChanges(before: string, after: string): Promise<string> {
  const folder = makeTemporaryFolder();
  try {
    const paths = [join(folder.path, "before"), join(folder.path, "after")] as const;
    writeFileSync(paths[0], before);
    writeFileSync(paths[1], after);
    const { code, stdout, stderr } = await execute(["diff", "-U1", ...paths]);
    if (code !== 0 && code !== 1) throw new Error(`diff ended with ${code}: ${stderr}`);
    const [, , ...lines] = stdout.split("\n");
    return lines.map((line) => line.replace(/^@@ .*/, "@@")).join("\n");
  } finally {
    folder.remove();
  }
}
