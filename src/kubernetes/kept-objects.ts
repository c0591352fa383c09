import type { KubernetesObject } from "./kubernetes-object.ts";

/** What a reflector knows, by uid: an object created again under its name is another one. */
export interface KeptObjects<T> {
  get(uid: string): T | undefined;
  all(): T[];
  /** The object is there, in this state. */
  put(object: KubernetesObject): void;
  /** The object of this uid is gone, if it was known. */
  remove(uid: string): void;
  /** Everything that was not put since the last call of `begin` is gone. */
  begin(): void;
  removeOthers(): void;
}

interface Kept<T> {
  name: string;
  resourceVersion: string;
  value: T;
  round: number;
}

/** `onChange` hears of each object that is new, other or gone; of the same version again it does not. */
export function createKeptObjects<T>(
  keep: (object: KubernetesObject) => T,
  onChange: (uid: string, value: T | undefined, before: T | undefined) => void,
): KeptObjects<T> {
  const kept = new Map<string, Kept<T>>();
  /** Which uid bears a name now: `NAMESPACE/NAME`. */
  const bearers = new Map<string, string>();
  let round = 0;

  const remove = (uid: string): void => {
    const known = kept.get(uid);
    if (known === undefined) return;
    kept.delete(uid);
    if (bearers.get(known.name) === uid) bearers.delete(known.name);
    onChange(uid, undefined, known.value);
  };

  return {
    get: (uid) => kept.get(uid)?.value,
    all: () => [...kept.values()].map(({ value }) => value),
    put: (object) => {
      const { uid = "", namespace = "", resourceVersion = "" } = object.metadata;
      const name = `${namespace}/${object.metadata.name}`;
      const bearer = bearers.get(name);
      if (bearer !== undefined && bearer !== uid) remove(bearer);
      bearers.set(name, uid);
      const known = kept.get(uid);
      if (known?.resourceVersion === resourceVersion) {
        known.round = round;
        return;
      }
      const value = keep(object);
      kept.set(uid, { name, resourceVersion, value, round });
      onChange(uid, value, known?.value);
    },
    remove,
    begin: () => {
      round += 1;
    },
    removeOthers: () => {
      for (const [uid, { round: seen }] of [...kept]) if (seen !== round) remove(uid);
    },
  };
}
