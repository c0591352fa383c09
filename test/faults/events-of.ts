import type { ApiClient } from "../kubernetes/api-client.ts";
import { listEvents } from "../kubernetes/objects.ts";
import type { SeenEvent } from "./oracle/observation.ts";
import { persistent } from "./persistent.ts";

const NAMESPACE = "pcapper";

/** What is told of one capture: by its uid, as a name may have had several. */
export async function eventsOf(admin: ApiClient, name: string, uid: string): Promise<SeenEvent[]> {
  const events = await persistent(() => listEvents(admin, NAMESPACE, name));
  return events
    .filter(({ involvedObject }) => involvedObject.uid === uid)
    .map(({ reason, type, message, count = 1 }) => ({ reason, type, message, count }));
}
