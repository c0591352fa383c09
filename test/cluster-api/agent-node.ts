import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Link, makeLink } from "../helpers/link.ts";
import type { TemporaryFolder } from "../helpers/temporary-folder.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import { type AgentHome, makeAgentHome } from "./agent-home.ts";

/** A node as an agent sees it: an interface `near0` beside what each has. */
export interface AgentNode extends AgentHome {
  name: string;
  link: Link;
}

/** @param folder where its hostmount is made; it is removed at the end */
export async function makeAgentNode(
  server: ApiServer,
  name: string,
  folder?: TemporaryFolder,
): Promise<AgentNode> {
  const link = await makeLink();
  const { near } = link;
  const place = { node: name, network: near, namespace: near };
  const home = await makeAgentHome(server, { ...place, ...(folder && { folder }) });
  return {
    ...home,
    name,
    link,
    remove: async () => {
      await home.remove();
      link.remove();
    },
  };
}

/** Uids of the captures that have a manifest on this node: one entry a manifest. */
export function capturedOn({ hostmount }: AgentNode): string[] {
  return globSync(join(hostmount, "*/*.json")).map((path) => {
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { capture: { uid: string } };
    return manifest.capture.uid;
  });
}
