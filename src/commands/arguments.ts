import { PcapperError } from "../errors.ts";

/** The error of a wrong command line; `text` is the command-line parser's, a hint on a line of its own. */
export function argumentError(text: string): PcapperError {
  const message = text
    .replace(/^error: /, "")
    .replace(/\n\((.+)\)$/, (_line, hint: string) => `: ${hint.replace(/^D/, "d")}`)
    .replace(/\. Expected/, ": expected")
    .replace(/\.$/, "");
  return new PcapperError("PCAPPER_BAD_ARGUMENT", message);
}

/** What Node puts where an argument of the command line is not UTF-8: the path that was meant is lost. */
const NOT_UTF8 = "\ufffd";

/**
 * A parser for the value of `option`, given once. An empty one is most often a variable of a script that was not set;
 * of two, one would be left out without a word.
 */
export function single(option: string, expected: string): (value: string) => string {
  let given: string | undefined;
  return (value) => {
    const wrong = (what: string) => new PcapperError("PCAPPER_BAD_ARGUMENT", `${option} is ${what}`);
    if (given !== undefined) throw wrong(`there twice, "${given}" and "${value}": write it once`);
    if (value === "") throw wrong(`"": write ${expected}`);
    if (value.includes(NOT_UTF8)) throw wrong(`"${value}", which is not UTF-8: write ${expected}, in UTF-8`);
    given = value;
    return value;
  };
}
