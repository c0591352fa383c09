import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { isFinal } from "../../src/agent/progress.ts";
import { createCapture, patchCapture } from "../../test/kubernetes/packet-captures.ts";
import { startCountingProxy } from "./counting-proxy.ts";
import type { WatchTraffic } from "./results.ts";
import type { Site } from "./site.ts";

const CAPTURES = 4;
/** Statistics are refreshed about every ten. */
const SECONDS = 35;
/** Milliseconds for what is on its way. */
const REST = 3000;

/** What an idle agent is sent while the captures of another node run, their counters on the move. */
export async function measureWatchTraffic(site: Site, seconds = SECONDS): Promise<WatchTraffic> {
  const { server, captures } = site;
  const owner = await site.addAgent();
  const direct = await server.serviceAccountKubeconfig("pcapper", "pcapper-agent");
  const proxy = await startCountingProxy(direct.text);
  const path = join(owner.hostmount, "..", "proxy.kubeconfig");
  writeFileSync(path, proxy.kubeconfig, { mode: 0o600 });
  await site.addAgent({ KUBECONFIG: path });
  await site.startTraffic(100);
  await pause(REST);
  proxy.reset();
  const names = Array.from({ length: CAPTURES }, (_, index) => `watched-${index}`);
  const spec = { targetNode: owner.node, targetInterface: "near0", maxFileSize: "10M", fileCount: 2 };
  for (const name of names) await createCapture(server.admin, "pcapper", name, spec);
  for (const name of names) await captures.until(name, ({ status }) => status?.progress === "running");
  await pause(REST);
  const [before, updates] = [proxy.events(), captures.updates()];
  await pause(seconds * 1000);
  const whileRunning = difference(before, proxy.events());
  const updatesOfOthers = captures.updates() - updates;
  for (const name of names) await patchCapture(server.admin, "pcapper", name, { spec: { stop: true } });
  for (const name of names) await captures.until(name, ({ status }) => isFinal(status?.progress));
  await pause(REST);
  const inAll = proxy.events();
  proxy.close();
  return { captures: CAPTURES, seconds, updatesOfOthers, whileRunning, inAll };
}

function difference(before: Record<string, number>, after: Record<string, number>): Record<string, number> {
  const entries = Object.entries(after).map(([key, count]) => [key, count - (before[key] ?? 0)] as const);
  return Object.fromEntries(entries.filter(([, count]) => count > 0));
}
