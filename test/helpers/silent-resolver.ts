import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { atLatestAtExit } from "./end-with-test.ts";
import { dyingWithTest } from "./execute.ts";
import type { NetworkNamespace } from "./network-namespace.ts";
import type { TemporaryFolder } from "./temporary-folder.ts";

/**
 * From now on host names are asked of a DNS server on the namespace's own lo, once each; the system's resolver
 * waits so many seconds for an answer. There is no server yet: see `startSilentServer`.
 */
export async function useOwnResolver(
  namespace: NetworkNamespace,
  files: TemporaryFolder,
  seconds: number,
): Promise<void> {
  const texts = {
    "resolv.conf": `nameserver 127.0.0.1\noptions attempts:1 timeout:${seconds}\n`,
    "nsswitch.conf": "hosts: files dns\n",
  };
  for (const [name, text] of Object.entries(texts)) {
    const path = join(files.path, name);
    writeFileSync(path, text);
    if (existsSync(`/etc/${name}`)) await namespace.run("mount", "--bind", path, `/etc/${name}`);
  }
}

export interface SilentServer {
  /** Resolves with the first question. */
  asked: Promise<void>;
  remove(): void;
}

const SERVER = `
const server = require("node:dgram").createSocket("udp4");
server.once("message", () => console.log("asked"));
server.bind(53, "127.0.0.1", () => console.log("ready"));
`;

/** A DNS server on the namespace's lo that hears all questions and answers none. */
export async function startSilentServer(namespace: NetworkNamespace): Promise<SilentServer> {
  const server = spawn("setpriv", dyingWithTest(namespace.inside([process.execPath, "-e", SERVER])), {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const remove = atLatestAtExit(() => server.kill("SIGKILL"));
  const ready = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  server.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (text.includes("ready")) ready.resolve();
    if (text.includes("asked")) asked.resolve();
  });
  server.once("exit", (code) => ready.reject(new Error(`the DNS server ended with ${code}`)));
  await ready.promise;
  return { asked: asked.promise, remove };
}
