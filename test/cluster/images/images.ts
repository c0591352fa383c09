import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { baseRoot } from "./base-root.ts";
import { buildah, buildImage } from "./buildah.ts";

/** The name that the Dockerfile has by default. */
const BASE = "docker.io/library/node:24-bookworm-slim";
const ROOT = join(import.meta.dirname, "../../..");

export const IMAGE_NAMES = {
  agent: "localhost/pcapper:test",
  mustGather: "localhost/pcapper-must-gather:test",
  tools: "localhost/pcapper-tools:test",
} as const;

/** IDs of images. */
export type Built = Record<keyof typeof IMAGE_NAMES, string>;

/** Builds the project's images by its own Dockerfile, from what is in the checkout now. Quick when nothing changed. */
export async function buildImages(): Promise<Built> {
  await buildImage({ name: BASE, context: await baseRoot() });
  const context = import.meta.dirname;
  const file = join(context, "tools.Dockerfile");
  return {
    agent: await buildImage({ name: IMAGE_NAMES.agent, context: ROOT }),
    mustGather: await buildImage({ name: IMAGE_NAMES.mustGather, context: ROOT, target: "must-gather" }),
    tools: await buildImage({ name: IMAGE_NAMES.tools, context, file, arguments: { BASE_IMAGE: BASE } }),
  };
}

/** Writes each image to a file in `folder`, as `docker save` does. @returns their paths */
export async function archiveImages(built: Built, folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  for (const kind of ["agent", "mustGather", "tools"] as const) {
    const path = join(folder, `${kind}.tar`);
    await buildah("push", "--quiet", built[kind], `docker-archive:${path}:${IMAGE_NAMES[kind]}`);
    paths.push(path);
  }
  return paths;
}
