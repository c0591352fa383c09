import type { PacketCapture } from "../../api/resource.ts";
import type { KubernetesApi, ObjectList } from "../../kubernetes/api.ts";
import { capturesPath } from "../../kubernetes/paths.ts";

/** Milliseconds between two looks of one agent, where there are one or two: as patient as TARGET_WAIT. */
const SHORTEST = 10_000;
const LONGEST = 60_000;
/** However many agents there are, each looks about once an hour (with a TARGET_WAIT of a minute). */
const MOST_TIMES = 60;
const PAGE = "500";

/**
 * How long this agent waits for its next look, in ms. No agent hears of the looks of others, so each looks as
 * much more rarely as there are more of them: together about two a minute, up to 120 agents; 1,000 make 17.
 * @param every milliseconds, where there are one or two
 * @param random 0 ≤ random < 1
 */
function nextLook(every: number, agents: number, random: number): number {
  const times = Math.min(MOST_TIMES, Math.max(1, agents / 2));
  return every * times * (0.5 + random);
}

export interface StaleLookWorld {
  api: Pick<KubernetesApi, "get" | "list">;
  namespace: string;
  /** The observer's own: its captures are not looked for. */
  node: string;
  /** Seconds. */
  targetWait: number;
  random(): number;
  /** Each capture of another node that has an owner and no end. */
  onCapture(capture: PacketCapture): void;
  onError(error: unknown): void;
}

/**
 * Looks again and again for captures that somebody has claimed and not ended. The first time, some time in
 * the first interval, agents are only counted: a thousand that start together do not list together.
 */
export function startStaleLooks(world: StaleLookWorld): { close(): void } {
  const { random } = world;
  const every = Math.min(LONGEST, Math.max(SHORTEST, world.targetWait * 1000));
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  const lookIn = (milliseconds: number, isFirst: boolean): void => {
    if (!closed) timer = setTimeout(() => void look(isFirst), milliseconds).unref();
  };

  const look = async (isFirst: boolean): Promise<void> => {
    let agents = 1;
    try {
      agents = await countAgents(world);
      if (!isFirst || agents <= 2) {
        for (const capture of await claimedCaptures(world)) if (!closed) world.onCapture(capture);
      }
    } catch (error) {
      world.onError(error);
    }
    lookIn(isFirst ? nextLook(every, agents, 0.5) * random() : nextLook(every, agents, random()), false);
  };

  lookIn(every * random(), true);
  return {
    close: () => {
      closed = true;
      clearTimeout(timer);
    },
  };
}

/**
 * About how many agents there are: the pods of their namespace, counted by the API server, of which it sends
 * one. Where agents live elsewhere that is too few, and costs no more than lists.
 */
async function countAgents({ api, namespace }: StaleLookWorld): Promise<number> {
  const answer = await api.get<{ metadata?: { remainingItemCount?: number }; items?: unknown[] }>(
    `/api/v1/namespaces/${namespace}/pods?limit=1`,
  );
  return (answer?.items?.length ?? 0) + (answer?.metadata?.remainingItemCount ?? 0);
}

async function claimedCaptures({ api, namespace, node }: StaleLookWorld): Promise<PacketCapture[]> {
  const open = "status.progress!=finished,status.progress!=failure";
  const query = { fieldSelector: `${open},status.node!=,status.node!=${node}`, limit: PAGE };
  const found: PacketCapture[] = [];
  for (let more: Record<string, string> | undefined = {}; more !== undefined; ) {
    const page: ObjectList<PacketCapture> = await api.list(capturesPath(namespace), { ...query, ...more });
    found.push(...page.items);
    more = page.continueToken === undefined ? undefined : { continue: page.continueToken };
  }
  return found;
}
