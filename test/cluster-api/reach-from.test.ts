import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAsRoot } from "../helpers/as-root.ts";
import { execute } from "../helpers/execute.ts";
import { makeNetworkNamespace, type NetworkNamespace } from "../helpers/network-namespace.ts";
import { reachFrom } from "../kubernetes/reach-from.ts";
import { apiServerForFile } from "./cluster.ts";

/** The harness itself. */

const server = apiServerForFile();

describeAsRoot("a network namespace that reaches the API server", () => {
  let namespace: NetworkNamespace;
  beforeAll(async () => {
    namespace = await makeNetworkNamespace();
  });
  afterAll(() => namespace.remove());

  const LOOK = `
    const [address, ms] = process.argv.slice(1);
    const signal = AbortSignal.timeout(Number(ms));
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    process.stdout.write(await fetch(address + "/version", { signal }).then((answer) => String(answer.status),
      (error) => error.cause?.code ?? error.name));`;

  /** Status or error of a request from inside; the server's certificate is not the question here. */
  async function look(milliseconds = 10_000): Promise<string> {
    const node = [process.execPath, "--no-warnings", "--input-type=module", "--eval", LOOK];
    return (await execute(namespace.inside([...node, server().address, String(milliseconds)]))).stdout;
  }

  test("has the same address inside, can be silenced, and is closed again", async () => {
    expect(await look()).toBe("ECONNREFUSED");
    const reach = await reachFrom(server(), namespace);
    expect(await look()).toBe("200");
    reach.signal("SIGSTOP");
    expect(await look(300)).toBe("TimeoutError");
    reach.signal("SIGCONT");
    expect(await look()).toBe("200");
    await reach.stop();
    expect(await look()).toBe("ECONNREFUSED");
  });
});
