import { isMap, isScalar, type Node, type Pair, parseDocument, type YAMLMap } from "yaml";
import { markdownTable } from "./section.ts";

/**
 * A line for each value of a chart, in the order of values.yaml: its comment is its meaning. A map without a
 * comment is explained by its members. @throws Error where a value has no comment
 */
export function valuesTable(valuesYaml: string): string {
  const { contents } = parseDocument(valuesYaml);
  if (!isMap(contents)) throw new Error("values.yaml is no map");
  return markdownTable(["value", "default", "meaning"], valueRows(contents as YAMLMap<unknown, Node>, ""));
}

function valueRows(map: YAMLMap<unknown, Node>, path: string): string[][] {
  return map.items.flatMap((pair, index) => {
    const here = `${path}${nameOf(pair)}`;
    // The comment of a nested map's first member is the map's.
    const comment = commentOf(pair) ?? (index === 0 && path !== "" ? map.commentBefore : undefined);
    if (comment) return [[`\`${here}\``, `\`${JSON.stringify(pair.value)}\``, oneLine(comment)]];
    if (!isMap(pair.value)) throw new Error(`value ${here} has no comment`);
    return valueRows(pair.value as YAMLMap<unknown, Node>, `${here}.`);
  });
}

function nameOf({ key }: Pair): string {
  return isScalar(key) ? String(key.value) : String(key);
}

function commentOf({ key }: Pair): string | null | undefined {
  return isScalar(key) ? key.commentBefore : undefined;
}

function oneLine(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .join(" ");
}
