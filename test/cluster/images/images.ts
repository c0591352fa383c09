import { existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheFolder } from "../../kubernetes/binaries/cache-folder.ts";
import { baseRoot } from "./base-root.ts";
import { buildah, buildImage } from "./buildah.ts";

export interface Image {
  /** NAME:TAG, as pods name it. */
  name: string;
  /** A file with it, as `docker save` writes one. */
  archive: string;
}

export interface Images {
  agent: Image;
  mustGather: Image;
  /** Sleeps, pings, holds namespaces. */
  tools: Image;
}

/** The name that the Dockerfile has by default. */
const BASE = "docker.io/library/node:24-bookworm-slim";
const ROOT = join(import.meta.dirname, "../../..");

export const IMAGE_NAMES = {
  agent: "localhost/pcapper:test",
  mustGather: "localhost/pcapper-must-gather:test",
  tools: "localhost/pcapper-tools:test",
} as const;

/** Builds the project's images by its own Dockerfile, from what is in the checkout now. Quick when nothing changed. */
export async function buildImages(): Promise<Images> {
  await buildImage({ name: BASE, context: await baseRoot() });
  await buildImage({ name: IMAGE_NAMES.agent, context: ROOT });
  await buildImage({ name: IMAGE_NAMES.mustGather, context: ROOT, target: "must-gather" });
  const file = join(import.meta.dirname, "tools.Dockerfile");
  await buildImage({
    name: IMAGE_NAMES.tools,
    context: import.meta.dirname,
    file,
    arguments: { BASE_IMAGE: BASE },
  });
  return {
    agent: await archived("agent", IMAGE_NAMES.agent),
    mustGather: await archived("must-gather", IMAGE_NAMES.mustGather),
    tools: await archived("tools", IMAGE_NAMES.tools),
  };
}

/** The archive of an image as it is now; older ones of the same kind are removed. */
async function archived(kind: string, name: string): Promise<Image> {
  const folder = join(cacheFolder(), "images");
  mkdirSync(folder, { recursive: true });
  const id = (await buildah("images", "--quiet", "--no-trunc", name)).trim().replace(/^sha256:/, "");
  const archive = join(folder, `${kind}-${id.slice(0, 16)}.tar`);
  if (existsSync(archive)) return { name, archive };
  const draft = `${archive}.${process.pid}`;
  await buildah("push", "--quiet", name, `docker-archive:${draft}:${name}`);
  for (const old of globSync(join(folder, `${kind}-*.tar`))) rmSync(old);
  renameSync(draft, archive);
  return { name, archive };
}
