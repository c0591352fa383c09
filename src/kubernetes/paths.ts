import { API_VERSION } from "../api/resource.ts";

export function capturesPath(namespace: string): string {
  return `/apis/${API_VERSION}/namespaces/${namespace}/packetcaptures`;
}

export function capturePath({ namespace, name }: { namespace: string; name: string }): string {
  return `${capturesPath(namespace)}/${name}`;
}
