import type { Inject } from "./inject.ts";

export const captureDeleted: Inject = async ({ lives }, { capture }) => {
  await lives.remove(capture);
  return () => undefined;
};

/** At once, under the same name. */
export const captureRecreated: Inject = async ({ lives }, { capture }) => {
  await lives.remove(capture);
  await lives.create(capture);
  return () => undefined;
};
