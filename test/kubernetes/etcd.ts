import { join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";
import { type Child, startChild } from "./child.ts";
import { freePorts } from "./free-port.ts";

export interface Etcd {
  address: string;
  /** Forgets every revision but the newest one, as a cluster does every five minutes. */
  compact(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts an etcd of one member on the loopback, its data in `folder`; resolves when it answers. */
export async function startEtcd(program: string, folder: string): Promise<Etcd> {
  const [port = 0, peerPort = 0] = await freePorts(2);
  const address = `http://127.0.0.1:${port}`;
  const peers = `http://127.0.0.1:${peerPort}`;
  const options = {
    "data-dir": join(folder, "etcd"),
    "listen-client-urls": address,
    "advertise-client-urls": address,
    "listen-peer-urls": peers,
    "initial-advertise-peer-urls": peers,
    "initial-cluster": `default=${peers}`,
  };
  const words = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  // Data of a test need not survive a power cut.
  const etcd = startChild([program, ...words, "--unsafe-no-fsync"], join(folder, "etcd.log"));
  try {
    await waitUntil("etcd answers", () => answers(etcd, address), 60);
  } catch (error) {
    await etcd.stop();
    throw error;
  }
  return { address, compact: () => compact(address), stop: () => etcd.stop() };
}

async function answers(etcd: Child, address: string): Promise<boolean> {
  if (!etcd.alive()) throw new Error(`etcd ended: ${etcd.lastWords()}`);
  const health = await fetch(`${address}/health`).catch(() => undefined);
  return health?.ok === true && ((await health.json()) as { health: string }).health === "true";
}

async function compact(address: string): Promise<void> {
  const anyKey = Buffer.from("\0").toString("base64");
  const { header } = (await post(`${address}/v3/kv/range`, { key: anyKey })) as {
    header: { revision: string };
  };
  await post(`${address}/v3/kv/compaction`, { revision: header.revision, physical: true });
}

async function post(address: string, body: unknown): Promise<unknown> {
  const answer = await fetch(address, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`etcd answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}
