import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { dyingWithTest } from "../helpers/execute.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { capture, readStatus } from "../helpers/pcapper.ts";
import { makeTemporaryFolder, type TemporaryFolder } from "../helpers/temporary-folder.ts";
import { waitUntil } from "../helpers/wait-until.ts";

const LAUNCHER = join(import.meta.dirname, "../../bin/pcapper");
const CTRL_C = "\u0003";

describeAsRoot("pcapper run on a terminal", () => {
  let namespace: NetworkNamespace;
  let output: TemporaryFolder;
  beforeAll(async () => {
    namespace = await makeNetworkNamespace();
    output = makeTemporaryFolder();
  });
  afterAll(() => {
    namespace.remove();
    output.remove();
  });

  test("a line says how far it is, and Ctrl-C on the keyboard ends it with whole files", async () => {
    const manifest = join(output.path, "pcap1.yaml");
    const spec = { targetNode: "localhost", targetInterface: "lo", captureSeconds: 600 };
    writeFileSync(manifest, JSON.stringify(capture("pcap1", spec)));
    // script(1) gives it a terminal; what is written to script's stdin is typed there.
    const command = `stty cols 200 rows 50; exec ${LAUNCHER} run -f ${manifest} --output ${output.path}`;
    const words = namespace.inside(["script", "--quiet", "--return", "--command", command, "/dev/null"]);
    const terminal = spawn("setpriv", dyingWithTest(words), { stdio: ["pipe", "pipe", "inherit"] });
    const closed = once(terminal, "close");
    let seen = "";
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      seen += text;
    });
    const shows = (line: RegExp) =>
      waitUntil(`the terminal shows ${line}; it has ${seen}`, () => line.test(seen));

    await waitUntil("it runs", () => readStatus(join(output.path, "pcap1"))?.status?.progress === "running");
    await namespace.run("ping", "-qc", "50", "-i0.002", "127.0.0.1");
    await shows(
      /\[2Kpcap1 {2}\d:\d\d of 10:00 {2}100 packets {2}[\d,]+\/s {2}[\d.]+ kB {2}0 lost {2}\S+\.00001\.pcap\.part\r\n/,
    );
    terminal.stdin.write(CTRL_C);
    const [code] = await closed;

    expect(code, seen).toBe(0);
    expect(seen).toMatch(/Stopping \(Ctrl-C\): .*\r\n/);
    expect(seen).toMatch(/pcap1: Stopped: Stopped by Ctrl-C\. 100 packets captured \(all packets\)\.\r\n/);
    expect(seen).toMatch(/100 packets {2}\d+\/s {2}[\d.]+ kB {2}0 lost {2}\S+\.00001\.pcap\r\n/);
    expect(seen).toContain("reason: Stopped");
    expect(seen, "log lines are for what is no terminal").not.toContain('{"level"');
  });
});
