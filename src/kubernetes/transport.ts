import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";

/** One request to the API server. */
export interface ApiRequest {
  method: "GET" | "POST" | "PATCH";
  /** Path and query. */
  path: string;
  body?: string;
  contentType?: string;
  signal?: AbortSignal;
  /** Milliseconds without a byte until it is given up. */
  silence: number;
}

/** Sends requests with the credentials of a kubeconfig, over connections that are kept. */
export type Transport = (request: ApiRequest) => Promise<IncomingMessage>;

/**
 * client-node itself makes a TLS connection for every request; here it reads configuration and tokens (a
 * projected token is read again each minute) and Node's agent keeps the connections.
 */
export function createTransport(config: KubeConfig): Transport {
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig names no cluster");
  const base = new URL(cluster.server);
  const secure = base.protocol === "https:";
  const agent = secure ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const send = secure ? https.request : http.request;

  return async ({ method, path, body, contentType, signal, silence }) => {
    const credentials: RequestOptions = { headers: {} };
    await config.applyToHTTPSOptions(credentials);
    const options = {
      ...credentials,
      agent,
      method,
      ...(signal === undefined ? {} : { signal }),
      headers: {
        ...credentials.headers,
        accept: "application/json",
        ...(body === undefined
          ? {}
          : { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
      },
    };
    const url = new URL(base.pathname.replace(/\/$/, "") + path, base);
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = send(url, options, resolve);
      request.setTimeout(silence, () => {
        request.destroy(new Error(`no answer within ${silence / 1000} s`));
      });
      request.on("error", reject);
      request.end(body);
    });
  };
}
