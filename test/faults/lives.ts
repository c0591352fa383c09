/** The captures of a scenario as people handle them: created, stopped, deleted, created again. */
import { ApiError } from "../kubernetes/api-client.ts";
import type { ApiServer } from "../kubernetes/api-server.ts";
import {
  createCapture,
  deleteCapture,
  patchCapture,
  readCapture,
  type StoredCapture,
} from "../kubernetes/packet-captures.ts";
import type { Moment } from "./oracle/observation.ts";
import { persistent } from "./persistent.ts";
import type { PlannedCapture } from "./scenario.ts";
import { PODS } from "./site.ts";

/** One resource from its creation to its deletion; a name may have several, one after the other. */
export interface Life {
  planned: PlannedCapture;
  uid: string;
  spec: StoredCapture["spec"];
  createdAt: Moment;
  stopAskedAt?: Moment;
  deletedAt?: Moment;
}

export interface Lives {
  all(): Life[];
  create(index: number): Promise<void>;
  stop(index: number): Promise<void>;
  remove(index: number): Promise<void>;
  /** Everything that is still there. */
  removeAll(): Promise<void>;
}

const NAMESPACE = "pcapper";

export function handleLives(
  { admin }: ApiServer,
  node: string,
  captures: readonly PlannedCapture[],
  podName: (stream: string) => string,
): Lives {
  const lives: Life[] = [];
  const newest = (index: number): Life | undefined =>
    lives.findLast(({ planned, deletedAt }) => planned === captures[index] && deletedAt === undefined);

  const create = async (index: number): Promise<void> => {
    const planned = captures[index];
    if (planned === undefined || newest(index) !== undefined) return;
    const spec = { ...targetOf(planned, node, podName), ...planned.spec };
    const { metadata } = await persistent(() => createOrFind(planned.name, spec));
    lives.push({ planned, uid: metadata.uid, spec, createdAt: Date.now() });
  };

  /** An answer may be lost on its way: then it is there already. */
  const createOrFind = async (name: string, spec: object): Promise<StoredCapture> => {
    try {
      return await createCapture(admin, NAMESPACE, name, spec);
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) return readCapture(admin, NAMESPACE, name);
      throw error;
    }
  };

  const removeLife = async (life: Life): Promise<void> => {
    await persistent(async () => {
      try {
        await deleteCapture(admin, NAMESPACE, life.planned.name);
      } catch (error) {
        if (!(error instanceof ApiError) || error.status !== 404) throw error;
      }
    });
    life.deletedAt = Date.now();
  };

  return {
    all: () => lives,
    create,
    stop: async (index) => {
      const life = newest(index);
      if (life === undefined) return;
      await persistent(() => patchCapture(admin, NAMESPACE, life.planned.name, { spec: { stop: true } }));
      life.stopAskedAt = Date.now();
    },
    remove: async (index) => {
      const life = newest(index);
      if (life !== undefined) await removeLife(life);
    },
    removeAll: async () => {
      for (const life of lives) if (life.deletedAt === undefined) await removeLife(life);
    },
  };
}

function targetOf(
  { target, stream }: PlannedCapture,
  node: string,
  podName: (stream: string) => string,
): object {
  if (target === "pod") return { targetNamespace: PODS, targetPod: podName(stream) };
  return { targetNode: node, targetInterface: target === "any" ? "any" : "up0" };
}
