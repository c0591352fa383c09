import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import type { Sent } from "./sender.ts";

/** The far end of the link: a process in a network namespace of its own that sends when told to. */
export interface Neighbour {
  /** @returns what was sent, once all of it is on the wire */
  send(): Promise<Sent>;
  end(): void;
}

/** Makes the link demo0 ⇄ demo1 and brings both ends up. */
export async function startNeighbour(): Promise<Neighbour> {
  const child = spawn("unshare", ["--net", process.execPath, "scripts/demo/sender.ts"], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const gone = once(child, "exit").then(([code]) =>
    Promise.reject(new Error(`the neighbour ended (${code})`)),
  );
  gone.catch(() => undefined);
  const answer = async (): Promise<unknown> => (await Promise.race([once(child, "message"), gone]))[0];
  const ask = (order: string): Promise<unknown> => {
    child.send(order);
    return answer();
  };

  await answer();
  ip(`link add demo0 type veth peer name demo1 netns ${child.pid}`);
  ip("addr add 192.0.2.1/24 dev demo0");
  ip("link set lo up");
  ip("link set demo0 up");
  await ask("link");
  return { send: async () => (await ask("send")) as Sent, end: () => child.disconnect() };
}

function ip(args: string): void {
  execFileSync("ip", args.split(" "), { stdio: ["ignore", "inherit", "inherit"] });
}
