import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, request as openRequest } from "node:https";
import { text } from "node:stream/consumers";

/** What a client needs to know to talk to an API server as somebody. */
export interface Access {
  /** https://HOST:PORT */
  address: string;
  /** Certificates to trust, as PEM. */
  authority: string;
  token: string;
}

export interface Answer {
  status: number;
  body: unknown;
  /** The texts of the server's Warning headers. */
  warnings: string[];
}

/** Talks to an API server in plain JSON, over connections that are kept. */
export interface ApiClient {
  /** Any answer the server gives. @throws Error only where there is none */
  send(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
  /** @throws ApiError where the answer is not 2xx */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  /** A merge patch. */
  patch<T>(path: string, body: unknown): Promise<T>;
  delete(path: string): Promise<void>;
  close(): void;
}

/** The `Status` object of a refusal. */
export interface Refusal {
  message?: string;
  reason?: string;
  code?: number;
  details?: { causes?: { reason?: string; message?: string; field?: string }[] };
}

export class ApiError extends Error {
  readonly status: number;
  readonly refusal: Refusal;

  constructor(status: number, refusal: Refusal) {
    super(`${status}: ${refusal.message ?? JSON.stringify(refusal)}`);
    this.status = status;
    this.refusal = refusal;
  }
}

const JSON_TYPE = "application/json";
const MERGE_PATCH = "application/merge-patch+json";

export function makeApiClient(access: Access): ApiClient {
  const agent = new Agent({ keepAlive: true, ca: access.authority });
  const send = async (
    method: string,
    path: string,
    body?: unknown,
    contentType = JSON_TYPE,
  ): Promise<Answer> => {
    const headers = {
      authorization: `Bearer ${access.token}`,
      accept: JSON_TYPE,
      "content-type": contentType,
    };
    const request = openRequest(new URL(path, access.address), { method, agent, headers });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(request, "response")) as [IncomingMessage];
    return readAnswer(response);
  };
  const must = async <T>(...call: Parameters<typeof send>): Promise<T> => {
    const { status, body } = await send(...call);
    if (status >= 300)
      throw new ApiError(status, typeof body === "string" ? { message: body } : (body as Refusal));
    return body as T;
  };
  return {
    send,
    get: (path) => must("GET", path),
    post: (path, body) => must("POST", path, body),
    put: (path, body) => must("PUT", path, body),
    patch: (path, body) => must("PATCH", path, body, MERGE_PATCH),
    delete: (path) => must("DELETE", path),
    close: () => agent.destroy(),
  };
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const body = await text(response);
  const isJson = response.headers["content-type"]?.startsWith(JSON_TYPE) === true;
  const [warnings = ""] = [response.headers.warning].flat();
  return {
    status: response.statusCode ?? 0,
    body: isJson ? JSON.parse(body) : body,
    warnings: [...warnings.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)].map(([, quoted = '""']) =>
      JSON.parse(quoted),
    ),
  };
}
