import { readFile } from "node:fs/promises";
import type { RequestOptions } from "node:https";
import { KubeConfig } from "@kubernetes/client-node";
import { PcapperError } from "../errors.ts";
import type { Configuration, Credentials, KubeconfigChoice } from "./configuration.ts";

/** What KUBECONFIG, ~/.kube/config or the chosen file says. @throws PcapperError PCAPPER_BAD_ENVIRONMENT, PCAPPER_BAD_ARGUMENT */
export function loadKubeconfig({ kubeconfig, context }: KubeconfigChoice = {}): Configuration {
  const config = new KubeConfig();
  try {
    if (kubeconfig === undefined) config.loadFromDefault();
    else config.loadFromFile(kubeconfig);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (kubeconfig === undefined) throw unusable(`it cannot be read: ${why}`);
    throw wrong(`--kubeconfig is "${kubeconfig}": it cannot be read: ${why}`);
  }
  if (context !== undefined) chooseContext(config, context);
  return configurationOf(config);
}

function chooseContext(config: KubeConfig, context: string): void {
  const names = config.getContexts().map(({ name }) => name);
  if (!names.includes(context)) {
    throw wrong(`--context is "${context}": write one that the kubeconfig has: ${names.join(", ")}`);
  }
  config.setCurrentContext(context);
}

function wrong(message: string): PcapperError {
  return new PcapperError("PCAPPER_BAD_ARGUMENT", message);
}

/** What client-node invents where there is no configuration at all. */
const FALLBACK = "http://localhost:8080";

/** @throws PcapperError PCAPPER_BAD_ENVIRONMENT */
export function configurationOf(config: KubeConfig): Configuration {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw unusable(`its context "${config.getCurrentContext()}" names no cluster`);
  if (cluster.server === FALLBACK) throw unusable("there is none");
  return {
    server: cluster.server.replace(/\/+$/, ""),
    credentials: async () => {
      const options: RequestOptions = {};
      await config.applyToHTTPSOptions(options);
      const headers = Object.fromEntries(
        Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
      );
      const token = await currentToken(config);
      if (token !== undefined) headers.authorization = `Bearer ${token}`;
      const { ca, cert, key, rejectUnauthorized, servername, auth, agent } = options;
      const proxy = cluster.proxyUrl === undefined ? {} : { agent };
      return present({ ca, cert, key, rejectUnauthorized, servername, auth, ...proxy, headers });
    },
  };
}

/** The library reads a token's file once a minute of the wall clock, which may be set back; the file is small. */
async function currentToken(config: KubeConfig): Promise<string | undefined> {
  const provider: unknown = config.getCurrentUser()?.authProvider?.config;
  if (typeof provider !== "object" || provider === null || !("tokenFile" in provider)) return undefined;
  return typeof provider.tokenFile === "string"
    ? (await readFile(provider.tokenFile, "utf8")).trim()
    : undefined;
}

/** node:https takes some options that are present and undefined for a wish. */
function present(options: { [K in keyof Credentials]: Credentials[K] | undefined }): Credentials {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as unknown as Credentials;
}

function unusable(why: string): PcapperError {
  return new PcapperError(
    "PCAPPER_BAD_ENVIRONMENT",
    `KUBECONFIG, ~/.kube/config or the pod's service account must say where the API server is, but ${why}.`,
  );
}
