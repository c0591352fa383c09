export interface KubernetesErrorFacts {
  /** HTTP status; 0 where the API server was not reached or what came was no answer of one. */
  status: number;
  /** The word in the API's Status object, for example AlreadyExists; "" where there is none. */
  reason?: string;
  body?: unknown;
  /** Milliseconds the server asked to wait; 0 where it did not. */
  retryAfter?: number;
  cause?: unknown;
}

/** The API server refused, failed or was not reached. */
export class KubernetesError extends Error {
  override readonly name = "KubernetesError";
  readonly status: number;
  readonly reason: string;
  readonly body: unknown;
  readonly retryAfter: number;

  constructor(message: string, facts: KubernetesErrorFacts) {
    super(message, "cause" in facts ? { cause: facts.cause } : undefined);
    this.status = facts.status;
    this.reason = facts.reason ?? "";
    this.body = facts.body;
    this.retryAfter = facts.retryAfter ?? 0;
  }
}

/** 401 and 403 count: a token or a role that is being replaced. */
const TRANSIENT = [0, 401, 403, 408, 425, 429];

/** Whether the same request may succeed later. */
export function isTransient(error: unknown): error is KubernetesError {
  return error instanceof KubernetesError && (TRANSIENT.includes(error.status) || error.status >= 500);
}

/** The part of the API's Status object (kind: Status) that is looked at. */
export interface StatusBody {
  kind?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: { name?: string; retryAfterSeconds?: number };
}

export function isStatusBody(body: unknown): body is StatusBody {
  return typeof body === "object" && body !== null && "kind" in body && body.kind === "Status";
}

/** A server's wish is obeyed up to a minute. */
const LONGEST_WISH_SECONDS = 60;

/** The error for an answer that is not 2xx, or for the object of a watch's ERROR event. */
export function errorOfAnswer(what: string, status: number, body: unknown, retryAfter = ""): KubernetesError {
  const said: StatusBody = isStatusBody(body) ? body : {};
  const text = said.message ?? (typeof body === "string" ? body.trim().slice(0, 200) : "");
  const wish = /^\d+$/.test(retryAfter) ? Number(retryAfter) : (said.details?.retryAfterSeconds ?? 0);
  return new KubernetesError(`${what}: ${status}${text === "" ? "" : `, ${text}`}`, {
    status,
    reason: said.reason ?? "",
    body,
    retryAfter: Math.min(wish, LONGEST_WISH_SECONDS) * 1000,
  });
}

/**
 * An object that is not there, said by whoever would have it. The 404 of an API that is itself missing (a
 * deleted CRD, a server that is starting) names no object, and says nothing about one.
 */
export function isObjectMissing(error: unknown): boolean {
  if (!(error instanceof KubernetesError) || error.status !== 404 || !isStatusBody(error.body)) return false;
  return error.reason === "NotFound" && error.body.details?.name !== undefined;
}

/** The API itself is not there: its definition is gone or being replaced, or its server is just starting. */
export function isApiMissing(error: unknown): boolean {
  return error instanceof KubernetesError && error.status === 404 && !isObjectMissing(error);
}

/**
 * Refusals that say how things are and not that anything is wrong: an object that is not there, one that is
 * there already (an Event told twice), a version that the server has forgotten (410).
 */
export function isOrdinary(error: unknown): boolean {
  if (!(error instanceof KubernetesError)) return false;
  return isObjectMissing(error) || error.reason === "AlreadyExists" || error.status === 410;
}
