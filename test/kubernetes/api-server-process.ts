import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { waitUntil } from "../helpers/wait-until.ts";
import { type Access, makeApiClient } from "./api-client.ts";
import { type Child, startChild } from "./child.ts";

export interface ApiServerPlace {
  program: string;
  /** Its certificates, keys and log; what is there already is used again. */
  folder: string;
  port: number;
  etcd: string;
  adminToken: string;
}

export interface RunningApiServer {
  process: Child;
  admin: Access;
}

/** Starts a kube-apiserver on the loopback; resolves when it is ready. The data is etcd's. */
export async function startApiServerProcess(place: ApiServerPlace): Promise<RunningApiServer> {
  makeKeys(place);
  const process = startChild([place.program, ...flags(place)], join(place.folder, "kube-apiserver.log"));
  try {
    const admin = await waitUntil("kube-apiserver is ready", () => accessOnceReady(process, place), 120);
    return { process, admin };
  } catch (error) {
    await process.stop();
    throw error;
  }
}

/** Keys for service accounts, and the one token that may do everything. */
function makeKeys({ folder, adminToken }: ApiServerPlace): void {
  const keyPath = join(folder, "service-accounts.key");
  if (existsSync(keyPath)) return;
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  writeFileSync(keyPath, privateKey.export({ type: "pkcs1", format: "pem" }), { mode: 0o600 });
  writeFileSync(join(folder, "service-accounts.pub"), publicKey.export({ type: "spki", format: "pem" }));
  writeFileSync(join(folder, "tokens.csv"), `${adminToken},admin,admin,system:masters\n`, { mode: 0o600 });
}

function flags({ folder, port, etcd }: ApiServerPlace): string[] {
  const values = {
    "etcd-servers": etcd,
    "bind-address": "127.0.0.1",
    "advertise-address": "127.0.0.1",
    "secure-port": port,
    // It makes its own certificate there.
    "cert-dir": folder,
    "token-auth-file": join(folder, "tokens.csv"),
    "authorization-mode": "RBAC",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-signing-key-file": join(folder, "service-accounts.key"),
    "service-account-key-file": join(folder, "service-accounts.pub"),
    "service-cluster-ip-range": "10.0.0.0/24",
    "allow-privileged": true,
    "endpoint-reconciler-type": "none",
    // No controller makes the service accounts that it would want for every pod.
    "disable-admission-plugins": "ServiceAccount",
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
