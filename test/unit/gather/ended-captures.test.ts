import { describe, expect, test } from "vitest";
import type { PacketCapture } from "../../../src/api/resource.ts";
import type { ExportedCapture, ExportList } from "../../../src/export/listing.ts";
import { createEndOf, endedByResource } from "../../../src/gather/ended-captures.ts";
import { KubernetesError } from "../../../src/kubernetes/api.ts";

const RUNNING: ExportedCapture = {
  ...{ folder: "web", prefix: "n.web.1", running: true, files: [], problems: [] },
  manifest: { capture: { name: "web", namespace: "pcapper", uid: "u1" } },
};

function resource(
  progress: string | undefined,
  { uid = "u1", reason }: { uid?: string; reason?: string } = {},
) {
  const status = { ...(progress !== undefined && { progress }), ...(reason !== undefined && { reason }) };
  return { metadata: { name: "web", uid }, spec: {}, status } as unknown as PacketCapture;
}

describe("a capture that its node calls running", () => {
  const asked: string[] = [];
  const endOf = (now: PacketCapture | Error | undefined, before: PacketCapture[] = []) =>
    createEndOf(
      {
        get: async (path) => {
          asked.push(path);
          if (now instanceof Error) throw now;
          return now as never;
        },
      },
      { watched: "pcapper", captures: before },
    );

  test.each([
    ["runs", resource("running"), undefined],
    ["was just scheduled", resource("scheduled"), undefined],
    ["is over", resource("failure", { reason: "AgentLost" }), "its resource says AgentLost"],
    ["is over without a word", resource("finished"), "its resource says finished"],
    ["was deleted", undefined, "its resource is gone"],
    ["has been made again", resource("running", { uid: "u2" }), "its resource is gone"],
  ])("%s by its resource as it is now", async (_how, now, expected) => {
    asked.length = 0;
    expect(await endOf(now, [resource("running")])(RUNNING)).toBe(expected);
    expect(asked).toEqual(["/apis/packetcapture.pcapper/v1alpha1/namespaces/pcapper/packetcaptures/web"]);
  });

  test("is judged by what was listed before where it cannot be asked for", async () => {
    const refused = new KubernetesError("GET: 403", { status: 403 });
    const over = resource("failure", { reason: "Interrupted" });
    expect(await endOf(refused, [over])(RUNNING)).toBe("its resource says Interrupted");
    expect(await endOf(refused, [resource("running")])(RUNNING)).toBeUndefined();
    expect(await endOf(refused)(RUNNING)).toBeUndefined();
  });

  test("is asked for once, however many of its name there are", async () => {
    asked.length = 0;
    const end = endOf(resource("finished"));
    for (let index = 0; index < 3; index += 1) {
      expect(await end({ ...RUNNING, prefix: `n.web.${index}` })).toBe("its resource says finished");
    }
    expect(asked).toHaveLength(1);
  });

  test("is judged by what was listed before where a node has more than any could run", async () => {
    asked.length = 0;
    const end = endOf(resource("running"), [resource("finished")]);
    const ends: (string | undefined)[] = [];
    for (let index = 0; index < 102; index += 1) ends.push(await end({ ...RUNNING, folder: `web${index}` }));
    expect(asked).toHaveLength(100);
    expect(ends.slice(99)).toEqual([undefined, ...Array(2).fill("its resource says finished")]);
  });

  test.each([
    ["says of no resource", undefined],
    ["says of none that can be known", { capture: "x" }],
    ["is of another namespace", { capture: { name: "web", namespace: "other", uid: "u1" } }],
  ])("may run where its manifest %s", async (_what, manifest) => {
    const { manifest: _manifest, ...bare } = RUNNING;
    expect(await endOf(undefined)({ ...bare, ...(manifest && { manifest }) })).toBeUndefined();
  });
});

describe("the list of a node", () => {
  const { signal: LISTENING } = new AbortController();
  const list = (...captures: ExportedCapture[]): ExportList => ({
    ...{ export: "pcapper/v1", node: "n", captures, problems: [] },
  });
  const other: ExportedCapture = { ...RUNNING, prefix: "n.web.2" };
  const endOfFirst = async ({ prefix }: ExportedCapture) =>
    prefix === RUNNING.prefix ? "its resource says AgentLost" : undefined;

  test("has a capture that is over and was not closed as none that runs, and says what may be missing", async () => {
    const ended = await endedByResource(
      list(RUNNING, other),
      endOfFirst,
      async () => list(RUNNING, other),
      LISTENING,
    );
    expect(ended.captures).toEqual([
      {
        ...RUNNING,
        running: false,
        problems: [
          expect.stringMatching(/^its resource says AgentLost, but its node has not closed it: .* not here;/),
        ],
      },
      other,
    ]);
  });

  test("is made again, so that what ended just now is whole", async () => {
    const closed = { ...RUNNING, running: false };
    const ended = await endedByResource(list(RUNNING), endOfFirst, async () => list(closed), LISTENING);
    expect(ended.captures).toEqual([closed]);
  });

  test("is not made again where nothing is over", async () => {
    const never = () => Promise.reject(new Error("made again"));
    const first = list(other, { ...RUNNING, running: false });
    expect(await endedByResource(first, endOfFirst, never, LISTENING)).toBe(first);
  });

  test("is left at once when people stop it, though the API server does not answer", async () => {
    const stop = new AbortController();
    let asked = 0;
    const silent = () => {
      asked += 1;
      stop.abort(new Error("Ctrl-C"));
      return new Promise<never>(() => undefined);
    };
    const left = endedByResource(list(RUNNING, other), silent, async () => list(), stop.signal);
    await expect(left).rejects.toThrow("Ctrl-C");
    expect(asked).toBe(1);
  });
});
