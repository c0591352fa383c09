import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { errorOfAnswer } from "../kubernetes/kubernetes-error.ts";
import { ConnectionLost, ExportRefused } from "./export-transport.ts";

/** A stale token, a missing right, a policy, a request nobody understands. */
const REFUSALS = [400, 401, 403, 405, 422];

/** What an API server says that opens no exec connection. */
export async function refusalOf(answer: IncomingMessage): Promise<Error> {
  const status = answer.statusCode ?? 0;
  const { message } = errorOfAnswer("exec", status, bodyOf(await text(answer)));
  return REFUSALS.includes(status) ? new ExportRefused(message) : new ConnectionLost(message);
}

function bodyOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
