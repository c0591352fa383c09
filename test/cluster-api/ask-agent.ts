import type { NetworkNamespace } from "../helpers/network-namespace.ts";

const LOOK = `
  const answer = await fetch("http://127.0.0.1:9476" + process.argv[1])
    .then(async (found) => ({ status: found.status, body: await found.text() }))
    .catch((error) => ({ status: 0, body: String(error) }));
  process.stdout.write(JSON.stringify(answer));`;

/** What the agent in this network answers to a GET of /readyz, /healthz or /metrics; status 0 where nobody does. */
export async function askAgent(
  { run }: NetworkNamespace,
  path: string,
): Promise<{ status: number; body: string }> {
  return JSON.parse(await run(process.execPath, "--input-type=module", "--eval", LOOK, path));
}
