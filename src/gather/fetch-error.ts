/** Why something was not fetched, though its node was heard: a sentence. Another try would end the same. */
export class FetchError extends Error {
  override readonly name = "FetchError";
  /** The node does not have the file any more. */
  readonly missing: boolean;

  constructor(message: string, { missing = false }: { missing?: boolean } = {}) {
    super(message);
    this.missing = missing;
  }
}
