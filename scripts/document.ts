/** Writes the tables of docs/ that come from the CRD and from the chart's values. */
import { writeFileSync } from "node:fs";
import { documentedPages } from "./document/pages.ts";

for (const { path, text } of documentedPages()) writeFileSync(path, text);
