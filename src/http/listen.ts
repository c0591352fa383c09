import type { Server } from "node:http";
import type { HttpAddress } from "../agent/agent-settings.ts";
import type { Log } from "../log.ts";

const RETRY_EVERY = 30_000;

export interface ListenOptions {
  address: HttpAddress;
  log: Pick<Log, "info" | "error">;
  /** Milliseconds between two tries. */
  retryEvery?: number | undefined;
}

/**
 * Listens as soon as the address can be had, and says in the log where, or why not (once per reason).
 * The returned function ends that at once, open connections too, and never fails.
 */
export function keepListening(server: Server, options: ListenOptions): () => Promise<void> {
  const { address, log, retryEvery = RETRY_EVERY } = options;
  let retry: NodeJS.Timeout | undefined;
  let closed = false;
  let said = "";
  const listen = (): void => {
    server.listen({ host: address.host, port: address.port });
  };
  server.on("listening", () => {
    // A name's address may be found after the end.
    if (closed) return void server.close();
    said = "";
    log.info({}, `Metrics and probes are at http://${addressText(boundAddress(server) ?? address)}.`);
  });
  server.on("error", (error) => {
    if (closed) return;
    const seconds = retryEvery / 1000;
    const next = server.listening ? "It still listens" : `It is tried again every ${seconds} s`;
    const message = `HTTP_ADDRESS ${addressText(address)}: ${error.message}. ${next}; captures go on.`;
    if (message !== said) log.error({}, message);
    said = message;
    if (!server.listening) retry = setTimeout(listen, retryEvery).unref();
  });
  server.unref();
  listen();
  return async () => {
    closed = true;
    clearTimeout(retry);
    await new Promise<void>((resolve) => {
      // An error says that it did not listen.
      server.close(() => resolve());
      server.closeAllConnections();
    });
  };
}

/** Where a server listens; undefined where it does not. */
export function boundAddress(server: Server): HttpAddress | undefined {
  const bound = server.address();
  return bound === null || typeof bound === "string" ? undefined : { host: bound.address, port: bound.port };
}

function addressText({ host, port }: HttpAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
