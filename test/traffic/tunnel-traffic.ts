import { interfaceCounters } from "../helpers/interface-counters.ts";
import { makeNetworkNamespace } from "../helpers/network-namespace.ts";
import { senderProgram } from "./compile.ts";
import { LINKTYPE, mustAgree, numbered, SMALL_RING, type Traffic } from "./traffic.ts";

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
    await namespace.run("ip", "tuntap", "add", "dev", "tun0", "mode", "tun");
    await namespace.run("ip", "addr", "add", "192.0.2.1/24", "dev", "tun0");
    await namespace.run("ip", "link", "set", "tun0", "up");
    let sent = 0;
    return {
      namespace,
      send: async () => {
        const numbers = [sent, 500, 1000, 20_000].map(String);
        await namespace.run(await senderProgram("tunnel"), "tun0", ...numbers);
        sent += 500;
      },
      offered: async () => {
        const counters = await interfaceCounters(namespace, "tun0");
        mustAgree("tun0", counters.received + counters.sent, sent);
        return numbered(sent);
      },
      remove: namespace.remove,
    };
  },
};
