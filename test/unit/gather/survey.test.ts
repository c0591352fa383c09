import { describe, expect, test } from "vitest";
import { surveyCluster } from "../../../src/gather/survey.ts";
import { KubernetesError, type KubernetesObject, type Query } from "../../../src/kubernetes/api.ts";

const object = (name: string) => ({ metadata: { name, uid: name, resourceVersion: "1" } });

/** Lists of two pages, whose second one is gone for the first `expired` times. */
function cluster(expired: number) {
  const asked: (string | undefined)[] = [];
  let left = expired;
  const list = async <T extends KubernetesObject>(path: string, query: Query = {}) => {
    const page = (names: string[]) => ({
      items: names.map(object) as unknown as T[],
      resourceVersion: "1",
    });
    if (!path.endsWith("/packetcaptures")) return page([]);
    asked.push(query.continue);
    if (query.continue === undefined) return { ...page(["web"]), continueToken: "next" };
    left -= 1;
    if (left >= 0) throw new KubernetesError("GET: 410, the continue token is too old", { status: 410 });
    return page(["dns"]);
  };
  return { list, asked };
}

const survey = (api: ReturnType<typeof cluster>) => surveyCluster(api, "pcapper", [], () => undefined);

describe("a list whose rest has expired", () => {
  test("is made again from the start, and nothing is in it twice", async () => {
    const api = cluster(1);
    const { captures } = await survey(api);
    expect(captures.map(({ metadata }) => metadata.name)).toEqual(["web", "dns"]);
    expect(api.asked).toEqual([undefined, "next", undefined, "next"]);
  });

  test("is given up after three times", async () => {
    const api = cluster(Number.POSITIVE_INFINITY);
    await expect(survey(api)).rejects.toThrow("the continue token is too old");
    expect(api.asked).toHaveLength(6);
  });
});
