import { expect, test } from "vitest";
import { layoutOf } from "../../../src/gather/layout.ts";

test.each([
  ["summary.json.earlier", "summary.json.earlier~"],
  ["summary.json.earlier-12", "summary.json.earlier-12~"],
  ["cluster", "cluster~"],
  ["cluster.example.com", "cluster.example.com"],
  ["summary-json", "summary-json"],
])("a node %s has the folder %s", (node, folder) => {
  expect(layoutOf("/out").node(node).log).toBe(`/out/${folder}/agent.log`);
});

test.each([
  ["agent.log.earlier", "agent.log.earlier~"],
  ["agent-previous.log.earlier-2", "agent-previous.log.earlier-2~"],
  ["agent.log.partial", "agent.log.partial~"],
  ["agent.log.web", "agent.log.web"],
])("a capture %s has the folder %s", (capture, folder) => {
  expect(layoutOf("/out").node("n").capture(capture)).toBe(`/out/n/${folder}`);
});
