// Plain data inside QuickJS: what a state may hold so that it can be shown, exported and imported.
// Declarations only, placed before the prelude, which uses them.

/** Where a value is more than plain data, as `state.path is a function`; undefined where all of it is plain. */
function notPlain(value, path, above = []) {
  switch (typeof value) {
    case "string":
    case "boolean":
      return undefined;
    case "number":
      return Number.isFinite(value) ? undefined : `${path} is ${value}`;
    case "object":
      return value === null ? undefined : notPlainObject(value, path, above);
    default:
      return `${path} is ${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}`;
  }
}

function notPlainObject(value, path, above) {
  if (above.includes(value)) return `${path} contains itself`;
  const inside = [...above, value];
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = notPlain(value[index], `${path}[${index}]`, inside);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    return `${path} is a ${prototype.constructor?.name ?? "class instance"}`;
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === "symbol") return `${path} has a symbol as key`;
    // A member that is undefined is as good as absent, as in JSON.
    const found = value[key] === undefined ? undefined : notPlain(value[key], `${path}.${key}`, inside);
    if (found !== undefined) return found;
  }
  return undefined;
}
