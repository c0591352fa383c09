import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Executed, execute } from "../helpers/execute.ts";
import { madeFile, makeCapture, packetName } from "../helpers/hostmount.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const SCRIPT = join(ROOT, "scripts/pcapper-gather.sh");

/** Answers as kubectl would; exec runs the real export. What the environment names goes wrong. */
const KUBECTL = `#!/bin/bash
echo "$*" >>"$HOSTS/calls"
case $1 in
  get)
    case "$*" in
      *"get pods"*nodeName=*)
        all=$*; node=\${all#*nodeName=}; node=\${node%% *}
        printf '2026-11-24T10:00:00Z|old-%s\\n|%s\\n' "$node" "\${node/node/agent}" ;;
      *"get pods"*) printf "agent-a|node-a\\nagent-b|node-b\\n\${MORE_PODS:-}" ;;
      *ignore-not-found*) printf "\${PROGRESS:-}" ;;
      *jsonpath*) [ "\${CLAIMED:-}" != refused ] && printf "\${CLAIMED:-}" ;;
      *) echo "kind: List" ;;
    esac ;;
  logs) echo "log of $4" ;;
  exec)
    pod=$4; shift 7
    [ "$1 $2" = "pcapper export" ] || exit 9
    shift 2; kind=$1; shift
    [ "$pod" = "\${BROKEN_POD:-}" ] && exit 1
    [ "$pod" = agent-a ] && [ -n "\${HOSTILE:-}" ] && exec cat "$HOSTILE"
    [ -n "\${SAYS:-}" ] && printf "$SAYS" >&2
    export="$PCAPPER export $kind --hostmount $HOSTS/\${pod/agent/node}"
    [ -z "\${CUT:-}" ] && exec $export "$@"
    $export "$@" | head -c "$CUT" ;;
esac
`;

let folder: TemporaryFolder;
beforeEach(() => {
  folder = makeTemporaryFolder();
  mkdirSync(join(folder.path, "bin"));
  writeFileSync(join(folder.path, "bin/kubectl"), KUBECTL, { mode: 0o755 });
  for (const node of ["node-a", "node-b"]) mkdirSync(join(folder.path, node));
  return () => folder.remove();
});

const gather = (environment: Record<string, string> = {}, ...args: string[]): Promise<Executed> =>
  execute([
    "env",
    `PATH=${join(folder.path, "bin")}:${process.env.PATH}`,
    `PCAPPER=${join(ROOT, "bin/pcapper")}`,
    `HOSTS=${folder.path}`,
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...["bash", SCRIPT, "-o", join(folder.path, "out"), ...args],
  ]);
const hostmount = (node: string): string => join(folder.path, node);
const here = (...path: string[]): string => join(folder.path, "out", ...path);
const sum = (text: string): string => createHash("sha256").update(text).digest("hex");

/** What node-a sends in place of an export. @returns the environment for it */
async function hostile(files: Record<string, string>, checksums: string): Promise<{ HOSTILE: string }> {
  const evil = join(folder.path, "evil");
  for (const [path, text] of Object.entries({ ...files, "checksums.sha256": checksums })) {
    mkdirSync(dirname(join(evil, path)), { recursive: true });
    writeFileSync(join(evil, path), text);
  }
  await execute(["tar", "-c", "-f", `${evil}.tar`, "-C", evil, "."]);
  return { HOSTILE: `${evil}.tar` };
}

describe("pcapper-gather.sh", () => {
  test("brings the files of all nodes with bash, kubectl and tar, and ends with 0", async () => {
    const a = makeCapture(hostmount("node-a"), { files: [madeFile(1, 50_000), madeFile(2, 9)] });
    const b = makeCapture(hostmount("node-b"), { folder: "pcap2", files: [madeFile(1, 0)] });
    expect(await gather()).toMatchObject({ code: 0, stderr: "" });
    for (const path of [
      `node-a/pcap1/${packetName(a, 1)}`,
      `node-a/pcap1/${packetName(a, 2)}`,
      `node-a/pcap1/${a}.json`,
      `node-b/pcap2/${packetName(b, 1)}`,
    ]) {
      expect(readFileSync(here(path)).equals(readFileSync(join(folder.path, path)))).toBe(true);
    }
    expect(readFileSync(here("node-b/agent.log"), "utf8")).toBe("log of agent-b\n");
    expect(readFileSync(here("cluster/packetcaptures.yaml"), "utf8")).toBe("kind: List\n");
  });

  test("names, --since and --include-running go to the nodes", async () => {
    const old = "2020-01-01T00:00:00.000000000Z";
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 10)] });
    const part = { ...madeFile(2, 90, new Date().toISOString()), published: 64 };
    const running = makeCapture(hostmount("node-b"), {
      folder: "pcap2",
      files: [madeFile(1, 10, old)],
      part,
    });
    expect(await gather({ PROGRESS: "running" }, "pcap2")).toMatchObject({
      code: 0,
      stderr: expect.stringContaining("left out: pcap2"),
    });
    expect(existsSync(here("node-a/pcap1"))).toBe(false);
    expect(
      await gather({ PROGRESS: "running" }, "--since", "1h", "--include-running", "pcap2"),
    ).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(readFileSync(here("node-b/pcap2", packetName(running, 2)))).toHaveLength(64);
    expect(existsSync(here("node-b/pcap2", packetName(running, 1)))).toBe(false);
  });

  test("an API server that does not answer is not waited for without an end", async () => {
    expect(await gather()).toMatchObject({ code: 0 });
    const calls = readFileSync(join(folder.path, "calls"), "utf8").trim().split("\n");
    const asked = calls.filter((call) => !call.startsWith("exec "));
    expect(asked.some((call) => call.startsWith("logs "))).toBe(true);
    expect(asked.filter((call) => !call.includes(" --request-timeout="))).toEqual([]);
  });

  test("a node that cannot be asked makes it 1, and the other one's files are here", async () => {
    makeCapture(hostmount("node-b"), { files: [madeFile(1, 10)] });
    const { code, stderr } = await gather({ BROKEN_POD: "agent-a" });
    expect(code).toBe(1);
    expect(stderr).toContain("pcapper-gather: node node-a: not everything was fetched\n");
    expect(existsSync(here("node-b/pcap1"))).toBe(true);
  });

  test("a node without a pod that a capture names makes it 1", async () => {
    const { code, stderr } = await gather({ CLAIMED: "pcap1|node-z|finished|True|/var/pcapper/pcap1\\n" });
    expect(code).toBe(1);
    expect(stderr).toBe(
      "pcapper-gather: node node-z has files of capture pcap1, but no pod of pcapper is there\n",
    );
  });

  test.each(["agent.log", "pcap1/x.pcap", "pcap1"])(
    "a node whose archive has %s as a link is refused, and nothing is written through it",
    async (link) => {
      const evil = join(folder.path, "evil");
      const victim = join(folder.path, "victim");
      mkdirSync(join(evil, dirname(link)), { recursive: true });
      writeFileSync(victim, "mine");
      symlinkSync(victim, join(evil, link));
      writeFileSync(join(evil, "checksums.sha256"), "");
      await execute(["tar", "-c", "-f", `${evil}.tar`, "-C", evil, "."]);
      const { code, stderr } = await gather({ HOSTILE: `${evil}.tar` });
      expect(code).toBe(1);
      expect(stderr).toContain("pcapper-gather: node node-a: refused,");
      expect(readdirSync(here("node-a"))).toEqual([]);
      expect(readFileSync(victim, "utf8")).toBe("mine");
      expect(readdirSync(here()).sort()).toEqual(["cluster", "node-a", "node-b"]);
    },
  );

  test.each(["x\npcap7", "x y", "-x", ".x", "x|y"])(
    "a node whose archive has a folder %j is refused, and proves nothing by it",
    async (name) => {
      const { code, stderr } = await gather(await hostile({ [`${name}/a.1.00001.pcap`]: "a" }, ""), "pcap7");
      expect(code).toBe(1);
      expect(stderr).toContain("pcapper-gather: node node-a: refused,");
      expect(stderr).toContain("pcapper-gather: no node has a capture of the name pcap7\n");
      expect(readdirSync(here("node-a"))).toEqual([]);
    },
  );

  test("what is a link already is not written through", async () => {
    const victim = join(folder.path, "victim");
    writeFileSync(victim, "mine");
    mkdirSync(here("node-a"), { recursive: true });
    symlinkSync(victim, here("node-a/agent.log"));
    symlinkSync(folder.path, here("node-b"));
    const { code, stderr } = await gather();
    expect(code).toBe(1);
    expect(stderr).toContain("node-b is a symbolic link, nothing is written there");
    expect(readFileSync(victim, "utf8")).toBe("mine");
    expect(readFileSync(here("node-a/agent.log"), "utf8")).toBe("log of agent-a\n");
  });

  test("a name that no node has makes it 1", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 10)] });
    expect(await gather({}, "pcap1", "pcap7")).toMatchObject({
      code: 1,
      stderr: "pcapper-gather: no node has a capture of the name pcap7\n",
    });
  });

  test("a capture that is not on the node its status names makes it 1, also when an earlier run had it", async () => {
    mkdirSync(here("node-b/pcap1"), { recursive: true });
    expect(await gather({ CLAIMED: "pcap1|node-b|finished|True|/var/pcapper/pcap1\\n" })).toMatchObject({
      code: 1,
      stderr: "pcapper-gather: node node-b has nothing of capture pcap1, whose status names it\n",
    });
    expect(await gather({ CLAIMED: "pcap1|node-b|finished|False|\\n" })).toMatchObject({ code: 0 });
  });

  test("captures whose nodes cannot be read make it 1", async () => {
    expect(await gather({ CLAIMED: "refused" })).toMatchObject({
      code: 1,
      stderr: "pcapper-gather: which nodes captures are on could not be read\n",
    });
  });

  test("a node that a capture runs on, or whose agent was lost, is missing without a pod as well", async () => {
    const claims = "a|node-y|running||\\nb|node-z|failure|Unknown|\\nc|node-x|failure|False|\\n";
    const { code, stderr } = await gather({ CLAIMED: claims });
    expect(code).toBe(1);
    expect(stderr.match(/node node-./g)).toEqual(["node node-y", "node node-z"]);
  });

  test("only the nodes of named captures are asked, and all where one of the names is nowhere", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 10)] });
    const CLAIMED = "pcap1|node-a|finished|True|/var/pcapper/pcap1\\n";
    expect(await gather({ CLAIMED }, "pcap1")).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(here("node-a/pcap1"))).toBe(true);
    expect(existsSync(here("node-b"))).toBe(false);
    expect(await gather({ CLAIMED }, "pcap1", "deleted")).toMatchObject({ code: 1 });
    expect(existsSync(here("node-b"))).toBe(true);
  });

  test("a pod that has no node yet makes it 1", async () => {
    expect(await gather({ MORE_PODS: "agent-c|\\n" })).toMatchObject({
      code: 1,
      stderr: "pcapper-gather: pod agent-c has no node yet\n",
    });
  });

  test.each([{ args: [] }, { args: ["--include-running"] }])(
    "a capture that is over, and that its node has not closed, comes and is told with $args",
    async ({ args }) => {
      const part = { ...madeFile(1, 90), published: 64 };
      const prefix = makeCapture(hostmount("node-a"), { part });
      const { code, stderr } = await gather({ PROGRESS: "failure" }, ...args);
      expect(code).toBe(1);
      expect(stderr).toContain(
        "pcapper-gather: node node-a: pcap1 is over, but its node has not closed it: its last packets may be missing\n",
      );
      expect(readFileSync(here("node-a/pcap1", packetName(prefix, 1)))).toHaveLength(64);
      expect(readFileSync(here("node-a/pcap1", `${prefix}.json`), "utf8")).not.toContain("finished");
    },
  );

  test("a capture that really runs is left out", async () => {
    makeCapture(hostmount("node-a"), { part: { ...madeFile(1, 90), published: 64 } });
    expect(await gather({ PROGRESS: "running" })).toMatchObject({ code: 0 });
    expect(existsSync(here("node-a/pcap1"))).toBe(false);
  });

  test("what a node cannot give is told, and is not asked for three times", async () => {
    const prefix = makeCapture(hostmount("node-a"), { files: [madeFile(1, 10), madeFile(2, 10)] });
    unlinkSync(join(hostmount("node-a"), "pcap1", packetName(prefix, 1)));
    const { code, stderr } = await gather();
    expect(code).toBe(1);
    expect(stderr).toContain("is named by the manifest, but is not there");
    expect(stderr).toContain("pcapper-gather: node node-a: not everything was fetched\n");
    expect(existsSync(here("node-a/pcap1", packetName(prefix, 2)))).toBe(true);
    const calls = readFileSync(join(folder.path, "calls"), "utf8");
    expect(calls.match(/^exec .* agent-a /gm)).toHaveLength(1);
  });

  test("a file whose checksum does not fit has another name, in whatever language that is said", async () => {
    const german = `#!/bin/bash
      set -o pipefail
      PATH=\${PATH#*:}
      [ "\${LC_ALL:-}" = C ] && exec sha256sum "$@"
      sha256sum "$@" | sed 's/FAILED/FEHLSCHLAG/; s/OK$/IN ORDNUNG/'`;
    writeFileSync(join(folder.path, "bin/sha256sum"), german, { mode: 0o755 });
    const evil = await hostile(
      { "pcap1/good.1.00001.pcap": "good", "pcap1/bad.1.00001.pcap": "bad" },
      `${sum("good")}  pcap1/good.1.00001.pcap\n${sum("x")}  pcap1/bad.1.00001.pcap\n`,
    );
    const { code, stderr } = await gather(evil);
    expect(code).toBe(1);
    expect(stderr).toContain("pcap1/bad.1.00001.pcap: FAILED\n");
    expect(readdirSync(here("node-a/pcap1")).sort()).toEqual([
      "bad.1.00001.pcap.damaged",
      "good.1.00001.pcap",
    ]);
  });

  test.each(["-", "/dev/zero", "../../../victim", "pcap1/../../listed", "x.pcap", "/dev/zero\r"])(
    "a list of checksums that names %j has it not read, and the other node is asked",
    async (path) => {
      makeCapture(hostmount("node-b"), { files: [madeFile(1, 10)] });
      const evil = await hostile(
        { "pcap1/good.1.00001.pcap": "good" },
        `${sum("")}  ${path}\n${sum("good")}  pcap1/good.1.00001.pcap\n`,
      );
      expect(await gather(evil)).toMatchObject({
        code: 1,
        stderr:
          "pcapper-gather: node node-a: its list of checksums has lines that are no FOLDER/FILE, which are passed over\n",
      });
      expect(readdirSync(here("node-a/pcap1"))).toEqual(["good.1.00001.pcap"]);
      expect(readFileSync(here("node-a/checksums.sha256"), "utf8")).not.toContain(`  ${path}\n`);
      expect(existsSync(here("node-b/pcap1"))).toBe(true);
    },
  );

  test("a file that the list of checksums leaves out is called .partial and told", async () => {
    const evil = await hostile(
      { "pcap1/good.1.00001.pcap": "good", "pcap1/other.1.00001.pcap": "other" },
      `${sum("good")}  pcap1/good.1.00001.pcap\n`,
    );
    expect(await gather(evil)).toMatchObject({
      code: 1,
      stderr: `pcapper-gather: no checksum vouches for what came of ${here("node-a/pcap1/other.1.00001.pcap")}, it is called .partial\n`,
    });
    expect(readdirSync(here("node-a/pcap1")).sort()).toEqual([
      "good.1.00001.pcap",
      "other.1.00001.pcap.partial",
    ]);
  });

  test("a cut file is called .partial, is not replaced by less of it, and goes when all of it is here", async () => {
    const made = madeFile(1, 500_000);
    const name = packetName(makeCapture(hostmount("node-a"), { files: [made] }), 1);
    expect(await gather({ CUT: "300000" })).toMatchObject({ code: 1 });
    const cut = readFileSync(here("node-a/pcap1", `${name}.partial`));
    expect(cut.length).toBeGreaterThan(0);
    expect(cut.equals(made.content.subarray(0, cut.length))).toBe(true);
    const { code, stderr } = await gather({ CUT: "100000" });
    expect(code).toBe(1);
    expect(stderr).toContain(`no checksum vouches for what came of ${here("node-a/pcap1", name)}`);
    expect(readdirSync(here("node-a/pcap1"))).toEqual([`${name}.partial`]);
    expect(readFileSync(here("node-a/pcap1", `${name}.partial`))).toHaveLength(cut.length);
    expect(await gather()).toMatchObject({ code: 0, stderr: "" });
    expect(readdirSync(here("node-a/pcap1"))).not.toContain(`${name}.partial`);
    expect(readFileSync(here("node-a/pcap1", name)).equals(made.content)).toBe(true);
  });

  test("a cut file leaves the whole one of an earlier run as it is", async () => {
    const made = madeFile(1, 500_000);
    const name = packetName(makeCapture(hostmount("node-a"), { files: [made] }), 1);
    await gather();
    expect(await gather({ CUT: "300000" })).toMatchObject({ code: 1 });
    expect(readFileSync(here("node-a/pcap1", name)).equals(made.content)).toBe(true);
  });

  test.each([200, 100, 50])(
    "other packets here, %i bytes where the node has 100, are kept under another name",
    async (bytes) => {
      const made = madeFile(1, 100);
      const name = packetName(makeCapture(hostmount("node-a"), { files: [made] }), 1);
      mkdirSync(here("node-a/pcap1"), { recursive: true });
      writeFileSync(here("node-a/pcap1", name), "x".repeat(bytes));
      const { code, stderr } = await gather();
      expect(code).toBe(0);
      expect(stderr).toContain("was not what the node has, and is kept as");
      expect(readFileSync(here("node-a/pcap1", name)).equals(made.content)).toBe(true);
      expect(readFileSync(here("node-a/pcap1", `${name}.earlier`), "utf8")).toBe("x".repeat(bytes));
    },
  );

  test.each([100, 50, 0])(
    "the first %i bytes of a file of 100 are replaced by it, whatever they are called",
    async (bytes) => {
      const made = madeFile(1, 100);
      const prefix = makeCapture(hostmount("node-a"), { files: [made] });
      const name = packetName(prefix, 1);
      mkdirSync(here("node-a/pcap1"), { recursive: true });
      writeFileSync(here("node-a/pcap1", name), made.content.subarray(0, bytes));
      writeFileSync(here("node-a/pcap1", `${name}.partial`), made.content.subarray(0, bytes));
      writeFileSync(here("node-a/pcap1", `${prefix}.json.partial`), "an older one");
      expect(await gather()).toMatchObject({ code: 0, stderr: "" });
      expect(readFileSync(here("node-a/pcap1", name)).equals(made.content)).toBe(true);
      expect(readdirSync(here("node-a/pcap1")).sort()).toEqual([name, `${prefix}.json`]);
    },
  );

  test("a plain file in a node's or a capture's way is told, and all else is brought", async () => {
    makeCapture(hostmount("node-a"), { files: [madeFile(1, 10)] });
    for (const name of ["pcap1", "pcap2", "pcap3"])
      makeCapture(hostmount("node-b"), { folder: name, files: [madeFile(1, 10)] });
    mkdirSync(here("node-b"), { recursive: true });
    for (const path of ["cluster", "node-a", "node-b/pcap2"]) writeFileSync(here(path), "mine");
    const { code, stderr } = await gather();
    expect(code).toBe(1);
    expect(stderr).toContain(`pcapper-gather: there is no folder ${here("cluster")} to write to\n`);
    expect(stderr).toContain(`node node-a: there is no folder ${here("node-a")} to write to\n`);
    expect(stderr).toContain("pcapper-gather: node node-b: not all could be put into");
    for (const path of ["cluster", "node-a", "node-b/pcap2"])
      expect(readFileSync(here(path), "utf8")).toBe("mine");
    for (const name of ["pcap1", "pcap3"]) expect(readdirSync(here("node-b", name))).toHaveLength(2);
  });

  test("what a node says is not for the terminal to obey", async () => {
    const { stderr } = await gather({ SAYS: "pcapper: \\033[2Jx\\302\\2332Jy\\a\\n" });
    expect(stderr).toBe("pcapper: [2Jx2Jy\n".repeat(2));
  });

  test.each([300_000, 1024, 512])(
    "a stream that ends after %i bytes without an error is told",
    async (bytes) => {
      makeCapture(hostmount("node-a"), { files: [madeFile(1, 500_000)] });
      const { code, stderr } = await gather({ CUT: String(bytes) });
      expect(code).toBe(1);
      expect(stderr).toMatch(
        /pcapper-gather: node node-a: (?:not everything was fetched|the archive has no end)/,
      );
    },
  );

  test.each([[["--nonsense"]], [["-n"]], [["--since"]]])("%j is wrong use", async (args) => {
    const { code, stderr } = await gather({}, ...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^usage: pcapper-gather\.sh/);
  });
});
