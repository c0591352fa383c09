import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Executed, execute } from "../helpers/execute.ts";
import { type ApiClient, makeApiClient } from "./api-client.ts";
import { type ApiServerPlace, type RunningApiServer, startApiServerProcess } from "./api-server-process.ts";
import { type Binaries, findBinaries } from "./binaries/binaries.ts";
import { makeDataFolder } from "./data-folder.ts";
import { type Etcd, startEtcd } from "./etcd.ts";
import { freePorts } from "./free-port.ts";
import { type Kubeconfig, keepKubeconfig } from "./kubeconfig.ts";
import { serviceAccountToken, type TokenOptions } from "./service-account-token.ts";

/** An API server of its own for a test: etcd and kube-apiserver, no controllers, no nodes. */
export interface ApiServer {
  /** https://127.0.0.1:PORT; stays the same over its restarts. */
  address: string;
  /** May do everything. */
  admin: ApiClient;
  adminKubeconfig: Kubeconfig;
  /** With a real token of a service account. */
  serviceAccountKubeconfig(namespace: string, name: string, options?: TokenOptions): Promise<Kubeconfig>;
  /** A client with such a token. */
  serviceAccountClient(namespace: string, name: string, options?: TokenOptions): Promise<ApiClient>;
  /** Runs kubectl as administrator, or with the kubeconfig file given by `--kubeconfig`. */
  kubectl(...args: string[]): Promise<Executed>;
  /** Ends kube-apiserver and keeps its data: `signal` SIGKILL for a crash. */
  pause(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts it again on the same port. */
  resume(): Promise<void>;
  /** Forgets old revisions, so that a watch from one of them is answered by 410. */
  compact(): Promise<void>;
  /** Ends everything and removes the data. */
  stop(): Promise<void>;
}

/**
 * Starts etcd and kube-apiserver, and resolves when it is ready. They end with the test process at the latest.
 * @param flags of kube-apiserver, by name
 */
export async function startApiServer(flags: Readonly<Record<string, string>> = {}): Promise<ApiServer> {
  const binaries = await findBinaries();
  const folder = makeDataFolder();
  const etcd = await startEtcd(binaries.etcd, folder.path).catch(async (error) => {
    await folder.remove();
    throw error;
  });
  try {
    const [port = 0] = await freePorts(1);
    const program = binaries.kubeApiserver;
    const place = { program, folder: folder.path, port, etcd: etcd.address, adminToken: randomUUID(), flags };
    const running = await startApiServerProcess(place);
    const server = assemble(binaries, place, etcd, running);
    return { ...server, stop: () => server.stop().finally(folder.remove) };
  } catch (error) {
    await etcd.stop();
    await folder.remove();
    throw error;
  }
}

function assemble(binaries: Binaries, place: ApiServerPlace, etcd: Etcd, first: RunningApiServer): ApiServer {
  let running = first;
  const access = first.admin;
  const admin = makeApiClient(access);
  const adminKubeconfig = keepKubeconfig(place.folder, access);
  const clients = [admin];
  const accountAccess = async (...account: [string, string, TokenOptions?]): Promise<typeof access> => ({
    ...access,
    token: await serviceAccountToken(admin, ...account),
  });
  return {
    address: access.address,
    admin,
    adminKubeconfig,
    serviceAccountKubeconfig: async (...account) =>
      keepKubeconfig(place.folder, await accountAccess(...account)),
    serviceAccountClient: async (...account) => {
      const client = makeApiClient(await accountAccess(...account));
      clients.push(client);
      return client;
    },
    kubectl: kubectlOf(binaries.kubectl, place.folder, adminKubeconfig.path),
    pause: async (signal = "SIGTERM") => {
      if (signal === "SIGKILL") running.process.kill(signal);
      await running.process.stop();
    },
    resume: async () => {
      running = await startApiServerProcess(place);
    },
    compact: etcd.compact,
    stop: async () => {
      for (const client of clients) client.close();
      await running.process.stop();
      await etcd.stop();
    },
  };
}

/** kubectl with a home of its own, so that nothing of this machine's user is read or changed. */
function kubectlOf(program: string, folder: string, kubeconfig: string): ApiServer["kubectl"] {
  const home = join(folder, "home");
  mkdirSync(home, { recursive: true });
  const surroundings = ["env", `HOME=${home}`, `KUBECONFIG=${kubeconfig}`];
  return (...args) => execute([...surroundings, program, ...args]);
}
