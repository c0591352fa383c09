import { chmodSync, copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execute, mustExecute } from "../../helpers/execute.ts";
import { onceInCache } from "../../kubernetes/binaries/once-in-cache.ts";

/**
 * A stand-in for the Dockerfile's base image, for machines that reach no image registry: Debian 12 by
 * debootstrap and Node.js from npm, with the package sources that this machine uses.
 */

const NODE = "24.21.0";
const NPM = "11.19.1";
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";

/** What an older stand-in in the cache does not have. */
const REVISION = 1;

/** @returns a folder to build an image from: Dockerfile and root.tar */
export function baseRoot(): Promise<string> {
  return onceInCache(`base-image-${NODE}-${NPM}-${REVISION}`, make);
}

async function make(context: string): Promise<void> {
  const root = join(context, "root");
  await mustExecute([
    "debootstrap",
    "--variant=minbase",
    "--include=ca-certificates",
    "bookworm",
    root,
    await mirror(),
  ]);
  await usePackageSources(root);
  await addNode(context, root);
  const left = ["./dev/*", "./proc/*", "./sys/*", "./var/cache/apt/*", "./var/lib/apt/lists/*"];
  const without = left.map((path) => `--exclude=${path}`);
  await mustExecute([
    "tar",
    "--create",
    "--numeric-owner",
    "--directory",
    root,
    ...without,
    "--file",
    `${root}.tar`,
    ".",
  ]);
  rmSync(root, { recursive: true });
  writeFileSync(join(context, "Dockerfile"), 'FROM scratch\nADD root.tar /\nCMD ["node"]\n');
}

/** Address of this machine's own source of Debian 12. */
async function mirror(): Promise<string> {
  const address = async (): Promise<string> =>
    (await packageSources("$(REPO_URI)", "Release: bookworm")).split("\n")[0] ?? "";
  const known = await address();
  if (known !== "") return known;
  await mustExecute(["apt-get", "-qq", "update"]);
  const found = await address();
  if (found === "")
    throw new Error("The base image's stand-in needs a package source of Debian 12 (bookworm).");
  return found;
}

function packageSources(format: string, ...filters: string[]): Promise<string> {
  return mustExecute([
    "apt-get",
    "indextargets",
    "--format",
    format,
    "Created-By: Packages",
    "Origin: Debian",
    ...filters,
  ]);
}

/** The image asks the same servers as this machine, by the same way and trusting the same authorities. */
async function usePackageSources(root: string): Promise<void> {
  const sources = await packageSources("deb $(REPO_URI) $(RELEASE) $(COMPONENT)");
  writeFileSync(join(root, "etc/apt/sources.list"), [...new Set(sources.split("\n"))].join("\n"));
  const settings = await mustExecute(["apt-config", "dump", "--no-empty", "Acquire"]);
  writeFileSync(join(root, "etc/apt/apt.conf.d/90machine"), settings);
  copyFileSync(CERTIFICATES, join(root, CERTIFICATES));
}

async function addNode(context: string, root: string): Promise<void> {
  const from = join(context, "npm");
  mkdirSync(from);
  const packages = [`node-linux-${process.arch}@${NODE}`, `npm@${NPM}`];
  await mustExecute(["npm", "install", "--prefix", from, "--no-save", "--ignore-scripts", ...packages]);
  const local = join(root, "usr/local");
  mkdirSync(join(local, "lib/node_modules"), { recursive: true });
  copyFileSync(join(from, `node_modules/node-linux-${process.arch}/bin/node`), join(local, "bin/node"));
  chmodSync(join(local, "bin/node"), 0o755);
  await mustExecute(["cp", "-r", join(from, "node_modules/npm"), join(local, "lib/node_modules/npm")]);
  for (const name of ["npm", "npx"]) {
    symlinkSync(`../lib/node_modules/npm/bin/${name}-cli.js`, join(local, "bin", name));
  }
  const { stdout: registry } = await execute(["npm", "config", "get", "registry"]);
  mkdirSync(join(local, "etc"), { recursive: true });
  writeFileSync(join(local, "etc/npmrc"), `registry=${registry.trim()}\ncafile=${CERTIFICATES}\n`);
  rmSync(from, { recursive: true });
}
