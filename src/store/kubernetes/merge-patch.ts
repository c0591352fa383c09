type Fields = Readonly<Record<string, unknown>>;

/**
 * The JSON merge patch (RFC 7386) that makes `after` of `before`: only what differs, null for what is gone.
 * Lists are replaced as a whole. undefined where nothing differs.
 */
export function mergePatch(before: Fields, after: Fields): Fields | undefined {
  const patch: Record<string, unknown> = {};
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const was = before[name];
    const is = after[name];
    if (is === undefined) {
      if (was !== undefined) patch[name] = null;
      continue;
    }
    const change = isFields(was) && isFields(is) ? mergePatch(was, is) : changed(was, is);
    if (change !== undefined) patch[name] = change;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function changed(was: unknown, is: unknown): unknown {
  return isSame(was, is) ? undefined : is;
}

/** As JSON has them: a field that is undefined is not there, and the order of fields says nothing. */
function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isSame(item, other[index]));
  }
  if (isFields(one) && isFields(other)) return mergePatch(one, other) === undefined;
  return one === other;
}
