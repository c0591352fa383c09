import { beforeAll, describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { type ReleaseNames, renderChart, type Values } from "../kubernetes/helm.ts";

/** Whatever a user writes is rendered as the text that it is. */

/** What the chart makes where nothing is left out, as YAML 1.2 reads it and as 1.1 does: Kubernetes reads that. */
async function rendered(values: Values, names: ReleaseNames = {}): Promise<Record<"1.1" | "1.2", unknown[]>> {
  const everything: Values = {
    crd: { create: false },
    namespace: { create: true },
    openshift: { scc: true },
    users: [{ kind: "Group", name: "network" }],
    settings: { httpAddress: "0.0.0.0:9476" },
    podMonitor: { enabled: true },
    livenessProbe: { enabled: true },
  };
  const text = await renderChart({ ...everything, ...values }, [], names);
  return { "1.1": parsed(text, "1.1"), "1.2": parsed(text, "1.2") };
}

function parsed(text: string, version: "1.1" | "1.2"): unknown[] {
  return parseAllDocuments(text, { version }).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return document.toJS();
  });
}

/** `value` with another word in all of its texts. @throws Error where it has none of the word */
function withWord<T>(value: T, word: string, other: string): T {
  const text = JSON.stringify(value);
  if (!text.includes(word)) throw new Error(`nothing says ${word}`);
  return JSON.parse(text.replaceAll(word, () => JSON.stringify(other).slice(1, -1)));
}

/** Labels of DNS that YAML could take for something else. */
const NAMES = ["1e3", "123", "0123", "0x1f", "0b11", "0o17", "true", "no", "y", "off", "null", "2024-01-02"];

describe("a name that looks like something else", () => {
  test.each(NAMES)("%s is a namespace", async (namespace) => {
    const ordinary = await rendered({}, { namespace: "somewhere" });
    expect(await rendered({}, { namespace })).toEqual(withWord(ordinary, "somewhere", namespace));
  });

  test.each(NAMES)("%s is a release", async (release) => {
    const ordinary = await rendered({}, { release: "somehow" });
    expect(await rendered({}, { release })).toEqual(withWord(ordinary, "somehow", release));
  });
});

/** A word in every place that has text of the user's. */
const said = (word: string): Values => ({
  image: { repository: word },
  imagePullSecrets: [{ name: word }],
  hostPaths: { captures: `/${word}`, netns: `/${word}/netns`, cniCache: `/${word}/cni` },
  users: [{ kind: "User", name: word }],
  priorityClassName: word,
  nodeSelector: { disk: word },
  tolerations: [{ key: word }],
  podAnnotations: { team: word },
  podLabels: { team: word },
  podMonitor: { enabled: true, labels: { team: word } },
});

const TEXTS = [
  ...[
    "~",
    " a b ",
    "a: b",
    "a:",
    "a #b",
    "#a",
    "- a",
    "? a",
    "{a: b}",
    "[a, b]",
    "*a",
    "&a",
    "!a",
    "|",
    "> a",
  ],
  ...[
    "%a",
    "@a",
    "`a`",
    "'a'",
    "'",
    '"a"',
    '"',
    "\\n",
    "\\",
    "a\tb",
    "{{ .Release.Name }}",
    "größe ☃ 🦉",
    "---",
  ],
];

describe("a text with a meaning of its own in YAML", () => {
  let ordinary: Awaited<ReturnType<typeof rendered>>;
  beforeAll(async () => {
    ordinary = await rendered(said("somewhat"));
  });

  test.each([...NAMES, ...TEXTS])("%j is rendered as it was written", async (text) => {
    expect(await rendered(said(text))).toEqual(withWord(ordinary, "somewhat", text));
  });
});

test("a label that the chart gives too is there once: what selects the pods is the chart's", async () => {
  const labels = { "app.kubernetes.io/name": "mine", "app.kubernetes.io/instance": "mine" };
  const podAnnotations = { "kubectl.kubernetes.io/default-container": "files" };
  const { "1.2": documents } = await rendered({
    podLabels: labels,
    podAnnotations,
    podMonitor: { enabled: true, labels },
  });
  const chosen = { "app.kubernetes.io/name": "pcapper", "app.kubernetes.io/instance": "pcapper" };
  expect(documents).toContainEqual(
    expect.objectContaining({
      kind: "DaemonSet",
      spec: expect.objectContaining({
        template: expect.objectContaining({
          metadata: { labels: expect.objectContaining(chosen), annotations: podAnnotations },
        }),
      }),
    }),
  );
  expect(documents).toContainEqual(
    expect.objectContaining({
      kind: "PodMonitor",
      metadata: expect.objectContaining({ labels: expect.objectContaining(labels) }),
    }),
  );
});

test("a $ in a folder's name begins no variable of kubelet's", async () => {
  const captures = "/data/$(NODE_NAME)";
  const text = await renderChart({ hostPaths: { captures } }, ["agent/daemon-set.yaml"]);
  expect(text).toContain('- "/data/$$(NODE_NAME)"\n');
  expect(text).toContain(`path: "${captures}"\n`);
});
