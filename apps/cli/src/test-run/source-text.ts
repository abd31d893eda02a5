/** Values as TypeScript source: short ones on one line, keys without needless quotes, bytes as expressions. */

/** An expression that is printed as it is. */
export class Expression {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

const lineMax = 96;

/** The source of a value at a depth of indentation. */
export function sourceText(value: unknown, indent = ""): string {
  const short = oneLine(value);
  if (indent.length + short.length <= lineMax) return short;
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value.map((item) => `${inner}${sourceText(item, inner)},\n`);
    return `[\n${items.join("")}${indent}]`;
  }
  if (!isMap(value)) return short;
  const members = membersOf(value).map(([key, member]) => `${inner}${key}: ${sourceText(member, inner)},\n`);
  return `{\n${members.join("")}${indent}}`;
}

function oneLine(value: unknown): string {
  if (value instanceof Expression) return value.text;
  if (value instanceof Uint8Array) return `Buffer.from("${Buffer.from(value).toString("base64")}", "base64")`;
  if (Array.isArray(value)) return `[${value.map(oneLine).join(", ")}]`;
  if (!isMap(value)) return JSON.stringify(value) ?? "undefined";
  const members = membersOf(value).map(([key, member]) => `${key}: ${oneLine(member)}`);
  return members.length === 0 ? "{}" : `{ ${members.join(", ")} }`;
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === "object" &&
    value !== null &&
    !(value instanceof Expression) &&
    !(value instanceof Uint8Array)
  );
}

function membersOf(value: Readonly<Record<string, unknown>>): (readonly [string, unknown])[] {
  return Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .map(([key, member]) => [/^[A-Za-z_$][\w$]*$/.test(key) ? key : JSON.stringify(key), member] as const);
}
