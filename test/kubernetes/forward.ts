/**
 * Passes every connection on. Usage: node forward.ts LISTEN CONNECT, each a port of the loopback or the
 * path of a Unix socket.
 */
import { connect, createServer, type Socket } from "node:net";

const [from = "", to = ""] = process.argv.slice(2);

function join(client: Socket): void {
  const server = isPort(to)
    ? connect({ host: "127.0.0.1", port: Number(to), allowHalfOpen: true })
    : connect({ path: to, allowHalfOpen: true });
  // An end that fails takes the other one with it, so that both sides see it.
  client.on("error", () => server.destroy());
  // A Unix socket knows no reset.
  server.on("error", () => (isPort(from) ? client.resetAndDestroy() : client.destroy()));
  server.setNoDelay();
  client.setNoDelay();
  client.pipe(server).pipe(client);
}

function isPort(place: string): boolean {
  return /^\d+$/.test(place);
}

const listener = createServer({ allowHalfOpen: true }, join);
if (isPort(from)) listener.listen(Number(from), "127.0.0.1");
else listener.listen(from);
