import { describe, expect, test } from "vitest";
import { chartFolder, helm, type Values, valueOptions } from "../kubernetes/helm.ts";

/** What helm says where it refuses values, without its first lines. */
async function refusal(values: Values): Promise<string> {
  const { code, stderr } = await helm(["template", "pcapper", chartFolder, ...valueOptions(values)]);
  expect(code).not.toBe(0);
  return stderr;
}

/** Values that cannot work, and the words that say which, what was found, and what is expected. */
const REFUSED: readonly [Values, readonly string[]][] = [
  [{ setings: {} }, ["setings", "not allowed"]],
  [{ settings: { maxFileSize: "1G" } }, ["/settings", "maxFileSize", "not allowed"]],
  [{ settings: { maxTotalFileSize: "10Q" } }, ["/settings/maxTotalFileSize", "10Q", "does not match"]],
  [{ settings: { maxTotalFileSize: true } }, ["/settings/maxTotalFileSize", "boolean"]],
  [{ settings: { maxTotalFileSize: 0 } }, ["/settings/maxTotalFileSize", "minimum"]],
  [{ settings: { minFreeDisk: "100%" } }, ["/settings/minFreeDisk", "100%", "does not match"]],
  [{ settings: { deleteOlderThan: "2 days" } }, ["/settings/deleteOlderThan", "2 days", "does not match"]],
  [{ settings: { deleteOlderThan: 2 } }, ["/settings/deleteOlderThan", "number", "string"]],
  [{ settings: { targetWait: "1w" } }, ["/settings/targetWait", "1w"]],
  [{ settings: { maxCaptures: 0 } }, ["/settings/maxCaptures", "minimum"]],
  [{ settings: { maxCaptures: "16" } }, ["/settings/maxCaptures", "string", "integer"]],
  [{ settings: { captureBuffer: "-1" } }, ["/settings/captureBuffer", "-1"]],
  [{ settings: { maxWriteRate: "fast" } }, ["/settings/maxWriteRate", "fast"]],
  [{ settings: { logLevel: "verbose" } }, ["/settings/logLevel", "debug", "silent"]],
  [{ settings: { httpAddress: "9476" } }, ["/settings/httpAddress", "9476"]],
  [{ settings: { httpAddress: "::1:9476" } }, ["/settings/httpAddress", "::1:9476"]],
  ...["0.0.0.0:80", "0.0.0.0:1023", "[::1]:443", "localhost:65536", "localhost:99999"].map(
    (httpAddress): [Values, readonly string[]] => [
      { settings: { httpAddress } },
      [
        "/settings/httpAddress",
        "HOST:PORT with a port from 1024 to 65535 (the agent may not open a lower one)",
      ],
    ],
  ),
  [{ settings: { httpAddress: null } }, ["/settings", "missing", "httpAddress"]],
  [{ settings: { minFreeDisk: null } }, ["/settings", "missing", "minFreeDisk"]],
  [{ hostPaths: { captures: null } }, ["/hostPaths", "missing", "captures"]],
  [{ podCaptures: null }, ["missing", "podCaptures"]],
  [{ terminationGracePeriodSeconds: null }, ["missing", "terminationGracePeriodSeconds"]],
  [{ priorityClass: { value: null } }, ["/priorityClass", "missing", "value"]],
  [{ livenessProbe: { enabled: "no" } }, ["/livenessProbe/enabled", "string", "boolean"]],
  [{ livenessProbe: { successThreshold: 2 } }, ["/livenessProbe", "successThreshold", "not allowed"]],
  [{ hostPaths: { captures: "/a\nb" } }, ["/hostPaths/captures", "does not match"]],
  [{ image: { pullPolicy: "Sometimes" } }, ["/image/pullPolicy", "IfNotPresent"]],
  [{ image: { repository: "" } }, ["/image/repository", "minLength"]],
  [{ image: { digest: "latest" } }, ["/image/digest", "latest"]],
  [{ podCaptures: "no" }, ["/podCaptures", "string", "boolean"]],
  [{ hostPaths: { captures: "captures" } }, ["/hostPaths/captures", "'captures'"]],
  [{ users: [{ name: "ann" }] }, ["/users/0", "kind"]],
  [{ users: ["ann"] }, ["/users/0", "string", "object"]],
  [{ terminationGracePeriodSeconds: 5 }, ["/terminationGracePeriodSeconds", "minimum"]],
  [{ updateStrategy: { type: "Recreate" } }, ["/updateStrategy/type", "OnDelete"]],
  [{ nodeSelector: { disk: true } }, ["/nodeSelector/disk", "boolean", "string"]],
];

describe("helm refuses", () => {
  test.each(REFUSED)("%j with a sentence that names it", async (values, words) => {
    const said = await refusal(values);
    for (const word of words) expect(said).toContain(word);
  });

  test("a PodMonitor of an address that Prometheus cannot reach, and says what to write", async () => {
    const said = await refusal({ podMonitor: { enabled: true } });
    expect(said).toContain(
      'podMonitor.enabled is true but settings.httpAddress is "127.0.0.1:9476", which Prometheus cannot reach: write an address of the nodes, for example 0.0.0.0:9476',
    );
  });

  test("a Kubernetes that is too old", async () => {
    const { code, stderr } = await helm(["template", "pcapper", chartFolder, "--kube-version", "1.30.0"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain(">=1.31.0-0");
  });
});
