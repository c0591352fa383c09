import type { Metrics } from "./metrics.ts";

/** A sentence why not, or undefined where all is well. */
export type Check = () => string | undefined;

export interface Answer {
  status: number;
  contentType: string;
  body: string;
}

/** What the paths answer from. */
export interface Sources {
  metrics: Metrics;
  ready: Check;
}

/** GET (and HEAD, whose body is not sent) of one path; rejects where a source fails. */
export async function answer(
  sources: Sources,
  method: string | undefined,
  url: string | undefined,
): Promise<Answer> {
  const [path] = (url ?? "").split("?", 1);
  const page = pageOf(sources, path);
  if (page === undefined) return plain(404, "Not found: there are /metrics, /healthz and /readyz.");
  if (method !== "GET" && method !== "HEAD") return plain(405, "Only GET and HEAD work here.");
  return page();
}

function pageOf(
  { metrics, ready }: Sources,
  path: string | undefined,
): (() => Answer | Promise<Answer>) | undefined {
  // That an answer comes at all says that the event loop turns, and that is all it may say: whatever is restarted
  // for another answer captures nothing meanwhile.
  if (path === "/healthz") return () => plain(200, "ok");
  if (path === "/readyz") return () => checked(ready);
  if (path !== "/metrics") return undefined;
  return async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.text() });
}

function checked(check: Check): Answer {
  const whyNot = check();
  return whyNot === undefined ? plain(200, "ok") : plain(503, whyNot);
}

export function plain(status: number, sentence: string): Answer {
  return { status, contentType: "text/plain; charset=utf-8", body: `${sentence}\n` };
}
