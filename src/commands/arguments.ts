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

/** A parser for the value of `option`. An empty one is most often a variable of a script that was not set. */
export function notEmpty(option: string, expected: string): (value: string) => string {
  return (value) => {
    if (value !== "") return value;
    throw new PcapperError("PCAPPER_BAD_ARGUMENT", `${option} is "": write ${expected}`);
  };
}
