import { ApiError } from "../kubernetes/api-client.ts";

/**
 * What an API server says against an object, a sentence for each cause and without the server's own
 * prefix; empty where it accepts it. @throws whatever is no refusal of its content
 */
export async function refusedSentences(attempt: Promise<unknown>): Promise<string[]> {
  try {
    await attempt;
    return [];
  } catch (error) {
    if (!(error instanceof ApiError) || ![400, 422].includes(error.status)) throw error;
    const { details, message = "" } = error.refusal;
    const causes = details?.causes?.map((cause) => withoutPrefix(cause.message ?? "")) ?? [];
    return causes.length > 0 ? causes : [message];
  }
}

/** `Invalid value: "…": the sentence`; the value is never shown for our fields. */
function withoutPrefix(message: string): string {
  return message.replace(/^Invalid value: (?:"[^"]*"|\S+): /, "");
}
