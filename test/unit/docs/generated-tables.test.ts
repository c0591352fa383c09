import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, expect, test } from "vitest";
import { fieldsTable } from "../../../scripts/document/fields-table.ts";
import { documentedPages } from "../../../scripts/document/pages.ts";
import { withSection } from "../../../scripts/document/section.ts";
import { valuesTable } from "../../../scripts/document/values-table.ts";

describe("docs/", () => {
  const pages = documentedPages().map((page) => ({ ...page, name: basename(page.path) }));

  test.each(pages)("$name has the tables that `npm run docs` makes", ({ path, text }) => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });
});

describe("a table of values", () => {
  test("has each value with its default and its comment, members by their path", () => {
    const table = valuesTable(
      "# of the file\n\na:\n  # first | one\n  b: 1\n  # second\n  # line\n  c: {}\n# third\nd: x\n",
    );
    expect(table.split("\n").slice(2)).toEqual([
      "| `a.b` | `1` | first \\| one |",
      "| `a.c` | `{}` | second line |",
      '| `d` | `"x"` | third |',
    ]);
  });

  test("is refused where a value has no comment", () => {
    expect(() => valuesTable("a:\n  b: 1\n")).toThrow("value a.b has no comment");
  });
});

describe("a table of fields", () => {
  test("has each field with its type and default, those of lists too", () => {
    const item = { type: "object", properties: { word: { type: "string", description: "A word." } } };
    const schema = {
      properties: {
        count: { "x-kubernetes-int-or-string": true, default: 10, description: "How many." },
        kind: { type: "string", enum: ["a", "b"], description: "Which." },
        list: { type: "array", items: item, description: "Some." },
      },
    };
    expect(fieldsTable(schema).split("\n").slice(2)).toEqual([
      "| `count` | number or string | `10` | How many. |",
      "| `kind` | `a`, `b` |  | Which. |",
      "| `list` | list |  | Some. |",
      "| `list[].word` | string |  | A word. |",
    ]);
  });

  test("is refused where a field has no description", () => {
    expect(() => fieldsTable({ properties: { a: { type: "string" } } })).toThrow(
      "field a has no description",
    );
  });
});

test("a page without the section is an error that names it", () => {
  expect(() => withSection("# Page", "spec", "")).toThrow("<!-- spec: begin");
});
