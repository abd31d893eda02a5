// Checks bodies against declared message types inside QuickJS: JSON Schema (2020-12, the keywords that assert something
// about plain data; `format` and other annotations are ignored) and objects of the Standard Schema interface.
// Declarations only, placed before the prelude, which uses them.

const issuesMax = 10;

/** {value} or {issues: [{path, message}]}. */
function checkedBody(schema, body) {
  const standard = schema?.["~standard"];
  if (standard === undefined) {
    const issues = [];
    schemaIssues(schema, body, { path: "body", root: schema, issues });
    return issues.length === 0 ? { value: body } : { issues: issues.slice(0, issuesMax) };
  }
  const result = standard.validate(body);
  if (typeof result?.then === "function")
    throw new TypeError("a message type is checked at once: its schema must not be asynchronous");
  if (result.issues === undefined) return { value: result.value };
  const issues = result.issues.slice(0, issuesMax).map(({ path = [], message }) => {
    const keys = path.map((part) => (typeof part === "object" ? part.key : part));
    return { path: ["body", ...keys.map(String)].join("."), message: String(message) };
  });
  return { issues };
}

/** What the manifest says of a declared message type. */
function publishedSchema(schema) {
  const standard = schema?.["~standard"];
  if (standard === undefined) return schema;
  const published = standard.jsonSchema?.input?.({ target: "draft-2020-12" });
  return published ?? { $comment: `checked inside the agent by ${standard.vendor ?? "a library"}` };
}

function typeName(value) {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}

function isOfType(value, type) {
  const actual = typeName(value);
  return actual === type || (type === "number" && actual === "integer");
}

/** Equal as JSON, whatever the order of members. */
function isEqualJson(left, right) {
  if (typeof left !== "object" || left === null || typeof right !== "object" || right === null)
    return left === right;
  const [keys, others] = [Object.keys(left), Object.keys(right)];
  return (
    Array.isArray(left) === Array.isArray(right) &&
    keys.length === others.length &&
    keys.every((key) => Object.hasOwn(right, key) && isEqualJson(left[key], right[key]))
  );
}

/** Members of `$defs` by JSON Pointer, within the same schema. */
function referredSchema(reference, root) {
  if (reference === "#") return root;
  if (!reference.startsWith("#/"))
    throw new TypeError(`a message type refers to "${reference}": only #/… is known`);
  const names = reference.slice(2).split("/");
  const found = names.reduce(
    (at, name) => at?.[decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")],
    root,
  );
  if (found === undefined) throw new TypeError(`a message type refers to "${reference}", which is not there`);
  return found;
}

function holds(schema, value, at) {
  const issues = [];
  schemaIssues(schema, value, { ...at, issues });
  return issues.length === 0;
}

/** Appends what is wrong with `value` to `at.issues`. */
function schemaIssues(schema, value, at) {
  if (schema === true || at.issues.length >= issuesMax) return;
  const complain = (message) => at.issues.push({ path: at.path, message });
  if (schema === false) return complain("nothing is allowed here");
  if (typeof schema.$ref === "string") schemaIssues(referredSchema(schema.$ref, at.root), value, at);
  if (schema.type !== undefined) {
    const types = [schema.type].flat();
    if (!types.some((type) => isOfType(value, type)))
      return complain(`expected ${types.join(" or ")}, got ${typeName(value)}`);
  }
  if (schema.enum !== undefined && !schema.enum.some((choice) => isEqualJson(choice, value)))
    complain(`expected one of ${JSON.stringify(schema.enum)}`);
  if ("const" in schema && !isEqualJson(schema.const, value))
    complain(`expected ${JSON.stringify(schema.const)}`);
  if (typeof value === "number") numberIssues(schema, value, complain);
  if (typeof value === "string") textIssues(schema, value, complain);
  if (Array.isArray(value)) arrayIssues(schema, value, at, complain);
  else if (typeof value === "object" && value !== null) objectIssues(schema, value, at, complain);
  combinedIssues(schema, value, at, complain);
}

function numberIssues(schema, value, complain) {
  if (value < schema.minimum) complain(`expected at least ${schema.minimum}, got ${value}`);
  if (value > schema.maximum) complain(`expected at most ${schema.maximum}, got ${value}`);
  if (value <= schema.exclusiveMinimum)
    complain(`expected more than ${schema.exclusiveMinimum}, got ${value}`);
  if (value >= schema.exclusiveMaximum)
    complain(`expected less than ${schema.exclusiveMaximum}, got ${value}`);
  if (schema.multipleOf !== undefined && !Number.isInteger(value / schema.multipleOf))
    complain(`expected a multiple of ${schema.multipleOf}, got ${value}`);
}

function textIssues(schema, value, complain) {
  const characters = [...value].length;
  if (characters < schema.minLength)
    complain(`expected at least ${schema.minLength} characters, got ${characters}`);
  if (characters > schema.maxLength)
    complain(`expected at most ${schema.maxLength} characters, got ${characters}`);
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, "u").test(value))
    complain(`expected text that matches ${schema.pattern}`);
}

function arrayIssues(schema, value, at, complain) {
  if (value.length < schema.minItems)
    complain(`expected at least ${schema.minItems} items, got ${value.length}`);
  if (value.length > schema.maxItems)
    complain(`expected at most ${schema.maxItems} items, got ${value.length}`);
  const isRepeated = (item, index) => value.slice(0, index).some((before) => isEqualJson(before, item));
  if (schema.uniqueItems === true && value.some(isRepeated)) complain("expected items that differ");
  const { prefixItems = [], items, contains } = schema;
  value.forEach((item, index) => {
    const rule = index < prefixItems.length ? prefixItems[index] : items;
    if (rule !== undefined) schemaIssues(rule, item, { ...at, path: `${at.path}.${index}` });
  });
  if (contains === undefined) return;
  const count = value.filter((item) => holds(contains, item, at)).length;
  if (count < (schema.minContains ?? 1) || count > schema.maxContains)
    complain(`${count} items are of the kind that is counted`);
}

function objectIssues(schema, value, at, complain) {
  const keys = Object.keys(value);
  for (const name of schema.required ?? []) if (!Object.hasOwn(value, name)) complain(`"${name}" is missing`);
  if (keys.length < schema.minProperties) complain(`expected at least ${schema.minProperties} members`);
  if (keys.length > schema.maxProperties) complain(`expected at most ${schema.maxProperties} members`);
  const { properties = {}, patternProperties = {}, additionalProperties, propertyNames } = schema;
  for (const key of keys) {
    const below = { ...at, path: `${at.path}.${key}` };
    const rules = Object.entries(patternProperties)
      .filter(([pattern]) => new RegExp(pattern, "u").test(key))
      .map(([, rule]) => rule);
    if (Object.hasOwn(properties, key)) rules.push(properties[key]);
    if (rules.length === 0 && additionalProperties === false) complain(`"${key}" is not known`);
    else if (rules.length === 0 && additionalProperties !== undefined) rules.push(additionalProperties);
    for (const rule of rules) schemaIssues(rule, value[key], below);
    if (propertyNames !== undefined) schemaIssues(propertyNames, key, below);
  }
  for (const [name, needed] of Object.entries(schema.dependentRequired ?? {}))
    for (const other of needed)
      if (Object.hasOwn(value, name) && !Object.hasOwn(value, other)) complain(`"${name}" needs "${other}"`);
}

function combinedIssues(schema, value, at, complain) {
  for (const rule of schema.allOf ?? []) schemaIssues(rule, value, at);
  if (schema.anyOf !== undefined && !schema.anyOf.some((rule) => holds(rule, value, at)))
    complain("none of the forms that are allowed fits");
  if (schema.oneOf !== undefined) {
    const fitting = schema.oneOf.filter((rule) => holds(rule, value, at)).length;
    if (fitting !== 1) complain(`exactly one of the forms has to fit, ${fitting} do`);
  }
  if (schema.not !== undefined && holds(schema.not, value, at)) complain("a form that is not allowed fits");
  if (schema.if === undefined) return;
  const branch = holds(schema.if, value, at) ? schema.then : schema.else;
  if (branch !== undefined) schemaIssues(branch, value, at);
}
