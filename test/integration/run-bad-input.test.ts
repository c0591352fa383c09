import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { type Executed, execute } from "../helpers/execute.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const GOOD = { targetNode: "localhost", targetInterface: "lo", captureSeconds: 1 };

/** Fields of a spec, and what the sentence must contain. */
const BAD_SPECS: [string, Record<string, unknown>, string[]][] = [
  ["no such interface", { targetInterface: "eth99" }, ["targetInterface", "eth99", "lo"]],
  ["nflog as an interface", { targetInterface: "nflog:5" }, ["targetInterface", "nflog:5"]],
  ["a bad filter", { captureFilter: "tcp prot 80" }, ["captureFilter", "tcp prot 80", "syntax error"]],
  [
    "a filter of 5,000 characters",
    { captureFilter: `udp or ${"tcp or ".repeat(713)}udp` },
    ["captureFilter", "4096"],
  ],
  ["another machine", { targetNode: "no-such-node" }, ["targetNode", "no-such-node", "localhost"]],
  [
    "a pod",
    { targetNode: undefined, targetNamespace: "test", targetPod: "web" },
    ["targetPod", "web", "cluster"],
  ],
  ["both targets", { targetNamespace: "test", targetPod: "web" }, ["targetPod", "targetNode"]],
  ["no target", { targetNode: undefined, targetInterface: undefined }, ["targetPod", "targetNode"]],
  ["maxFileSize 12Q", { maxFileSize: "12Q" }, ["maxFileSize", "12Q"]],
  ["maxFileSize 0", { maxFileSize: "0" }, ["maxFileSize", "0"]],
  ["maxFileSize -1", { maxFileSize: -1 }, ["maxFileSize", "-1"]],
  ["maxFileSize 1", { maxFileSize: 1 }, ["maxFileSize", "1"]],
  ["fileCount 0", { fileCount: 0 }, ["fileCount", "0"]],
  ["a billion files", { fileCount: 1e9 }, ["fileCount", "1000000000"]],
  ["captureSeconds 1e9", { captureSeconds: "1e9" }, ["captureSeconds", "1e9"]],
  ["captureSeconds abc", { captureSeconds: "abc" }, ["captureSeconds", "abc"]],
  ["an unknown field", { captureSecond: 5 }, ["captureSecond", "captureSeconds"]],
];

describeAsRoot("pcapper run with bad input", () => {
  let namespace: NetworkNamespace;
  let scratch: TemporaryFolder;
  let output: string;
  let manifest: string;

  beforeAll(async () => {
    namespace = await makeNetworkNamespace();
  });
  afterAll(() => namespace.remove());
  beforeEach(() => {
    scratch = makeTemporaryFolder();
    output = join(scratch.path, "captures");
    manifest = join(scratch.path, "capture.yaml");
    return () => scratch.remove();
  });

  const write = (spec: Record<string, unknown>, name = "pcap1"): void => {
    const resource = {
      apiVersion: "packetcapture/v1alpha1",
      kind: "PacketCapture",
      metadata: { name },
      spec,
    };
    writeFileSync(manifest, JSON.stringify(resource));
  };
  const run = (before: string[] = []): Promise<Executed> =>
    execute(namespace.inside([...before, LAUNCHER, "run", "-f", manifest, "--output", output]));
  /** With a mount on the output folder that only this run sees. What is in it afterwards is told in `listing`. */
  const runOnMount = (mount: string, listing: string): Promise<Executed> =>
    run([
      ...["unshare", "--mount", "sh", "-c"],
      `${mount} && { "$@"; code=$?; ls -A ${output} > ${listing}; exit $code; }`,
      "sh",
    ]);

  /** One sentence, with what it must say; exit code 2; nothing on stdout, nothing on the disk, wherever it may lead. */
  const expectRefused = (result: Executed, words: string[]): void => {
    expect(result.stderr).toMatch(/^pcapper: .+[^.] \[PCAPPER_[A-Z_]+\]\n$/);
    for (const word of words) expect(result.stderr).toContain(word);
    expect(result).toMatchObject({ code: 2, stdout: "" });
    const ours = ["capture.yaml", "captures", "listing"];
    const found = readdirSync(scratch.path, { recursive: true }).map(String);
    expect(found.filter((path) => !ours.includes(path))).toEqual([]);
  };

  test.each(BAD_SPECS)("refuses %s and writes nothing", async (_name, changes, words) => {
    write({ ...GOOD, ...changes });
    expectRefused(await run(), words);
    expect(existsSync(output)).toBe(false);
  });

  test.each([
    ["an empty file", "", ["empty"]],
    ["broken YAML, with line and column", "a:\n  b: [1,\nc: d", ["capture.yaml:3:1: this is not valid YAML"]],
    ["a manifest of 1 MiB", `# ${"x".repeat(1024 * 1024)}`, ["too large", "262144"]],
    ["another kind", "apiVersion: v1\nkind: Pod\nmetadata: {name: a}", ["Pod"]],
  ])("refuses %s and writes nothing", async (_name, text, words) => {
    writeFileSync(manifest, text);
    expectRefused(await run(), words);
    expect(existsSync(output)).toBe(false);
  });

  test("refuses a name that leads out of the folder", async () => {
    write(GOOD, "../evil");
    expectRefused(await run(), ["metadata.name", "../evil"]);
    expect(existsSync(output)).toBe(false);
  });

  test("refuses a filter of more instructions than the kernel takes", async () => {
    const terms: string[] = [];
    for (let host = 1; [...terms, `ip6 host ::${host}`].join(" or ").length <= 4096; host += 2) {
      terms.push(`ip6 host ::${host}`);
    }
    write({ ...GOOD, captureFilter: terms.join(" or ") });
    expectRefused(await run(), ["captureFilter", "instructions", "4096"]);
    // Fewer still: net.core.optmem_max is what the kernel gives a socket's filter, some 40 bytes an instruction.
    write({ ...GOOD, captureFilter: terms.slice(-20).join(" or ") });
    expect(await run()).toMatchObject({ code: 0 });
  });

  test("refuses one bad document before the good one starts", async () => {
    const document = (name: string, spec: Record<string, unknown>) =>
      JSON.stringify({
        apiVersion: "packetcapture/v1alpha1",
        kind: "PacketCapture",
        metadata: { name },
        spec,
      });
    const bad = document("bad", { ...GOOD, targetInterface: "eth99" });
    writeFileSync(manifest, `${document("good", GOOD)}\n---\n${bad}\n`);
    expectRefused(await run(), ["capture.yaml:3:", "eth99"]);
    expect(existsSync(output)).toBe(false);
  });

  test("refuses an output folder that is a file, and leaves the file", async () => {
    write(GOOD);
    writeFileSync(output, "mine");
    const result = await run();
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/^pcapper: --output is ".+": .+ is a file, .*\[PCAPPER_BAD_OUTPUT\]\n$/);
  });

  test.each(["", "/below"])("refuses an output folder that is a link to nothing (%j)", async (below) => {
    write(GOOD);
    symlinkSync(join(scratch.path, "nowhere"), output);
    const command = [LAUNCHER, "run", "-f", manifest, "--output", `${output}${below}`];
    expectRefused(await execute(namespace.inside(command)), [
      "symbolic link to nothing",
      "PCAPPER_BAD_OUTPUT",
    ]);
  });

  test("refuses an output folder in a current folder that was removed", async () => {
    write(GOOD);
    const script = `mkdir gone; cd gone; rmdir ../gone; exec ${LAUNCHER} run -f ${manifest} 2>&1 >&-`;
    const { code, stdout } = await execute(["sh", "-c", `cd ${scratch.path}; ${script}`]);
    expect(stdout).toMatch(
      /pcapper: --output is "\.\/captures": the current folder is gone: .*BAD_OUTPUT\]\n$/,
    );
    expect(code).toBe(2);
  });

  test.each([
    ["a symbolic link", (path: string) => symlinkSync("/tmp", path), "it is a symbolic link"],
    ["a link to nothing", (path: string) => symlinkSync("/nowhere", path), "it is a symbolic link"],
    ["a file", (path: string) => writeFileSync(path, "mine"), "it is not a folder"],
  ])("refuses a capture's folder that is %s", async (_name, make, words) => {
    write(GOOD);
    mkdirSync(output);
    make(join(output, "pcap1"));
    const result = await run();
    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toMatch(/^pcapper: --output is ".+\/pcap1": .+ \[PCAPPER_BAD_OUTPUT\]\n$/);
    expect(result.stderr).toContain(words);
    expect(readdirSync(output)).toEqual(["pcap1"]);
  });

  test("refuses an output folder below a file", async () => {
    write(GOOD);
    writeFileSync(output, "mine");
    output = join(output, "below");
    expect((await run()).stderr).toContain("PCAPPER_BAD_OUTPUT");
    output = join(output, "..");
  });

  test.each([
    ["on a read-only file system", "mount -t tmpfs -o ro none", "read-only"],
    ["on a full disk", "mount -t tmpfs -o size=64k none", "manifest and status alone need"],
    ["on a disk without inodes", "mount -t tmpfs -o nr_inodes=2 none", "no inodes"],
  ])("refuses an output folder %s", async (_name, mount, words) => {
    write(GOOD);
    mkdirSync(output);
    const listing = join(scratch.path, "listing");
    const result = await runOnMount(`${mount} ${output}`, listing);
    expectRefused(result, ["--output", words, "PCAPPER_BAD_OUTPUT"]);
    expect(readFileSync(listing, "utf8"), "nothing is written there").toBe("");
  });

  test("says what to do where the right to capture is missing", async () => {
    write(GOOD);
    expectRefused(await run(["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw"]), [
      "capture.yaml:1:",
      "CAP_NET_RAW",
      "sudo",
      "unshare -Urn",
    ]);
    expect(existsSync(output)).toBe(false);
  });

  test.each([
    [["run"], "required option '-f, --file <FILE>' not specified"],
    [["run", "-f"], "option '-f, --file <FILE>' argument missing"],
    [["run", "-f", "a", "--outptu", "x"], "unknown option '--outptu': did you mean --output?"],
    [["run", "-f", "a", "b"], "too many arguments for 'run': expected 0 arguments but got 1: b"],
    [["rnu"], "unknown command 'rnu': did you mean run?"],
    [["--nonsense"], "unknown option '--nonsense'"],
    [["run", "-f", ""], '--file is "": write a path, or - for standard input'],
    [["run", "-f", "a", "--output", ""], '--output is "": write the path of a folder'],
    [["recover", "--output="], '--output is "": write the path of a folder'],
    [["run", "-f", "a", "-f", "b"], '--file is there twice, "a" and "b": write it once'],
    [["run", "-f", "a", "-o", "x", "--output", "y"], '--output is there twice, "x" and "y": write it once'],
  ])("a wrong command line (%j) ends with 2 and one sentence", async (words, sentence) => {
    expect(await execute([LAUNCHER, ...words])).toEqual({
      code: 2,
      stdout: "",
      stderr: `pcapper: ${sentence} [PCAPPER_BAD_ARGUMENT]\n`,
    });
  });

  test("a path that is not UTF-8 is refused: files would come to lie in a folder of another name", async () => {
    write(GOOD);
    const path = `"$(printf '${output}\\377')"`;
    const result = await execute(["sh", "-c", `exec ${LAUNCHER} run -f ${manifest} --output ${path}`]);
    expectRefused(result, ["--output", "not UTF-8", "PCAPPER_BAD_ARGUMENT"]);
  });

  test("the version is the first line, libpcap's the second", async () => {
    const { code, stdout } = await execute([LAUNCHER, "--version"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+\nlibpcap version .+\n$/);
  });

  test("help is no error where it is asked for, and one where no command is given", async () => {
    expect(await execute([LAUNCHER, "--help"])).toMatchObject({ code: 0, stderr: "" });
    expect(await execute([LAUNCHER])).toMatchObject({ code: 2, stdout: "" });
  });

  test.each(["debug", "DEBUG"])("LOG_LEVEL=%s shows where an error came from", async (level) => {
    write({ ...GOOD, targetInterface: "eth99" });
    expect((await run(["env", `LOG_LEVEL=${level}`])).stderr).toMatch(/^ {4}at /m);
  });

  test("a bad variable ends with 2 and is named", async () => {
    write(GOOD);
    expectRefused(await run(["env", "MAX_CAPTURES=many"]), ["MAX_CAPTURES", "many"]);
  });
});
