/** One x-kubernetes-validations entry, with the place of the object it looks at. */
export interface CelRule {
  /** Field names from the resource down to `self`. */
  path: string[];
  /** Where the problem is shown: `path`, or the field below it that the rule names. */
  shownAt: string[];
  rule: string;
  message: string;
  messageExpression?: string;
  /** Only for changes: skipped at creation. */
  transition: boolean;
  /** `oldSelf` is an optional, empty at creation. */
  optionalOldSelf: boolean;
}
