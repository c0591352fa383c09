import { spawn } from "node:child_process";
import { once } from "node:events";
import { dyingWithTest } from "../helpers/execute.ts";
import { interfaceCounters } from "../helpers/interface-counters.ts";
import { makeNetworkNamespace } from "../helpers/network-namespace.ts";
import { senderProgram } from "./compile.ts";
import { LINKTYPE, mustAgree, numbered, SMALL_RING, type Traffic } from "./traffic.ts";

const COUNT = 500;

/** Raw IP through a tun device, in and out by turns, by one process: so the order is known. */
export const TUNNEL: Traffic = {
  name: "tun",
  interfaceName: "tun0",
  filter: "udp port 9999",
  linkType: LINKTYPE.RAW,
  twoWay: false,
  numbered: true,
  ring: SMALL_RING,
  open: async () => {
    const namespace = await makeNetworkNamespace();
    const command = [await senderProgram("tunnel"), "tun0", String(COUNT), "1000", "20000"];
    const farSide = spawn("setpriv", dyingWithTest(namespace.inside(command)), {
      stdio: ["pipe", "pipe", "inherit"],
    });
    await once(farSide.stdout, "data");
    await namespace.run("ip", "addr", "add", "192.0.2.1/24", "dev", "tun0");
    await namespace.run("ip", "link", "set", "tun0", "up");
    let sent = 0;
    return {
      namespace,
      send: async () => {
        farSide.stdin.write("\n");
        await once(farSide.stdout, "data");
        sent += COUNT;
      },
      offered: async () => {
        const counters = await interfaceCounters(namespace, "tun0");
        mustAgree("tun0", counters.received + counters.sent, sent);
        return numbered(sent);
      },
      remove: () => {
        farSide.kill("SIGKILL");
        namespace.remove();
      },
    };
  },
};
