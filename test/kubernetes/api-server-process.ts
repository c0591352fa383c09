import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";
import { type Access, makeApiClient } from "./api-client.ts";
import { type Child, startChild } from "./child.ts";
import { serviceAccountKeys } from "./service-account-keys.ts";

export interface ApiServerPlace {
  program: string;
  /** Its certificates, keys and log; what is there already is used again. */
  folder: string;
  port: number;
  etcd: string;
  adminToken: string;
  /** More flags, by name. */
  flags: Readonly<Record<string, string>>;
}

export interface RunningApiServer {
  process: Child;
  admin: Access;
}

/** Starts a kube-apiserver on the loopback; resolves when it is ready. The data is etcd's. */
export async function startApiServerProcess(place: ApiServerPlace): Promise<RunningApiServer> {
  writeFileSync(tokenFile(place), `${place.adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
  const process = startChild([place.program, ...flags(place)], join(place.folder, "kube-apiserver.log"));
  try {
    const admin = await waitUntil("kube-apiserver is ready", () => accessOnceReady(process, place), 120);
    return { process, admin };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** The one token that may do everything. */
function tokenFile({ folder }: ApiServerPlace): string {
  return join(folder, "tokens.csv");
}

function flags(place: ApiServerPlace): string[] {
  const { folder, port, etcd } = place;
  const { signing, checking } = serviceAccountKeys(folder);
  const values = {
    "etcd-servers": etcd,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": port,
    // It makes its own certificate there.
    "cert-dir": folder,
    "token-auth-file": tokenFile(place),
    "authorization-mode": "RBAC",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": signing,
    "service-account-key-file": checking,
    "service-cluster-ip-range": "10.0.0.0/24",
    "allow-privileged": true,
    "endpoint-reconciler-type": "none",
    // No controller makes the service accounts that it would want for every pod.
    "disable-admission-plugins": "ServiceAccount",
    ...place.flags,
  };
  return Object.entries(values).map(([name, value]) => `--${name}=${value}`);
}

async function accessOnceReady(process: Child, place: ApiServerPlace): Promise<Access | undefined> {
  if (!process.alive()) throw new Error(`kube-apiserver ended: ${process.lastWords()}`);
  const certificate = join(place.folder, "apiserver.crt");
  if (!existsSync(certificate)) return undefined;
  const authority = readFileSync(certificate, "utf8");
  const access = { address: `https://127.0.0.1:${place.port}`, authority, token: place.adminToken };
  const client = makeApiClient(access);
  const answer = await client.send("GET", "/readyz").catch(() => undefined);
  client.close();
  return answer?.status === 200 ? access : undefined;
}
