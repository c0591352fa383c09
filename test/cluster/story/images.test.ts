import { expect, test } from "vitest";
import manifest from "../../../package.json" with { type: "json" };
import { describeAsRoot } from "../../helpers/as-root.ts";
import { buildah } from "../images/buildah.ts";
import { IMAGE_NAMES } from "../images/images.ts";
import { deletePod, startPod, TRAFFIC } from "./pods.ts";
import { mustKubectl } from "./test-cluster.ts";

/** What each is at most, not compressed. Measured 213 and 217 MB: a compiler or npm would be noticed. */
const IMAGES = [
  { kind: "agent", name: IMAGE_NAMES.agent, title: "pcapper", most: 235_000_000 },
  { kind: "must-gather", name: IMAGE_NAMES.mustGather, title: "pcapper must-gather", most: 240_000_000 },
] as const;

const NOT_THERE = "gcc g++ cc make python3 node-gyp npm npx yarn corepack".split(" ");

describeAsRoot("an image that the Dockerfile makes", () => {
  test.each(IMAGES)("$kind: says what it is, in the version of this checkout", async ({ name, title }) => {
    expect((await inspect(name)).labels).toMatchObject({
      "org.opencontainers.image.title": title,
      "org.opencontainers.image.version": manifest.version,
      "org.opencontainers.image.licenses": manifest.license,
    });
  });

  test.each(IMAGES)("$kind: is no larger than it was", async ({ name, most }) => {
    expect((await inspect(name)).bytes).toBeLessThan(most);
  });

  test.each(IMAGES)("$kind: has nothing to compile or to install packages with", async ({ kind, name }) => {
    const pod = await startPod(`inside-${kind}`, "node-a", name);
    const script = `for name in pcapper ${NOT_THERE.join(" ")}; do command -v "$name"; done; true`;
    const found = await mustKubectl("exec", pod.name, "-n", TRAFFIC, "--", "sh", "-c", script);
    await deletePod(pod.name);
    expect(found).toBe("/usr/local/bin/pcapper\n");
  });

  test("agent: runs pcapper agent where nothing else is said, and must-gather its gather", async () => {
    expect((await inspect(IMAGE_NAMES.agent)).command).toEqual(["pcapper", "agent"]);
    expect((await inspect(IMAGE_NAMES.mustGather)).command).toEqual(["/usr/bin/gather"]);
  });
});

interface Inspected {
  labels: Record<string, string>;
  /** Entry point and arguments. */
  command: string[];
  /** Of all layers, not compressed. */
  bytes: number;
}

async function inspect(name: string): Promise<Inspected> {
  const { OCIv1, Manifest } = JSON.parse(await buildah("inspect", "--type", "image", name)) as {
    OCIv1: { config: { Labels: Record<string, string>; Entrypoint?: string[]; Cmd?: string[] } };
    Manifest: string;
  };
  const { Labels, Entrypoint = [], Cmd = [] } = OCIv1.config;
  const { layers } = JSON.parse(Manifest) as { layers: { size: number }[] };
  return {
    labels: Labels,
    command: [...Entrypoint, ...Cmd],
    bytes: layers.reduce((sum, { size }) => sum + size, 0),
  };
}
