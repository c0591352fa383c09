// Exit 0 when node_modules holds what package-lock.json asks for, 1 when `npm ci` is needed.
// Plain JavaScript: it is run by the machine's own Node, which may be too old for TypeScript.
import { readFileSync } from "node:fs";

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return undefined;
  }
}

const wanted = packagesOf("package-lock.json");
const installed = packagesOf("node_modules/.package-lock.json");
const fits = (list, value) => [list].flat().includes(value);

/** An optional package is certain to be wanted only where its platform is named and is this one. */
function isMissing([path, wish]) {
  if (path === "") return false;
  if (wish.optional && !installed[path]) {
    return !wish.libc && fits(wish.os, process.platform) && fits(wish.cpu, process.arch);
  }
  return installed[path]?.version !== wish.version;
}

process.exit(installed === undefined || Object.entries(wanted).some(isMissing) ? 1 : 0);
