import { API_SERVICE, CONTROL_PLANE, NODES, type NodeAddresses } from "./addresses.ts";
import { runInNetwork } from "./holder.ts";

const FORWARDING = "sysctl -qw net.ipv4.ip_forward=1";

/** The control plane's namespace has the switch that the nodes are plugged into, and the addresses of the API server. */
export async function layControlPlaneNetwork(holder: number): Promise<void> {
  await runInNetwork(holder, [
    "ip link set lo up",
    "ip link add switch type bridge",
    `ip address add ${CONTROL_PLANE}/24 dev switch`,
    `ip address add ${API_SERVICE}/32 dev switch`,
    "ip link set switch up",
    FORWARDING,
  ]);
}

/** Plugs a node in. Pods reach pods of the other node by plain routes: nothing translates an address. */
export async function layNodeNetwork(
  controlPlane: number,
  holder: number,
  node: NodeAddresses,
): Promise<void> {
  await runInNetwork(controlPlane, [
    `ip link add ${node.name} type veth peer name eth0 netns ${holder}`,
    `ip link set ${node.name} master switch up`,
    `ip route add ${node.pods} via ${node.address}`,
  ]);
  const others = NODES.filter(({ name }) => name !== node.name);
  await runInNetwork(holder, [
    "ip link set lo up",
    `ip address add ${node.address}/24 dev eth0`,
    "ip link set eth0 up",
    `ip route add default via ${CONTROL_PLANE}`,
    ...others.map(({ pods, address }) => `ip route add ${pods} via ${address}`),
    FORWARDING,
  ]);
}
