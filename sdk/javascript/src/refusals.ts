/**
 * What a bundle uses and an agent does not have, with its place in the sources. Works on the syntax tree, so that texts and
 * comments do not count. Aliasing that no parser sees meets the same refusal at run time (guest/prelude.js).
 */

import { parse } from "acorn";
import type { Node } from "acorn";
import type { Bundle } from "./bundle.js";
import { javaScriptError } from "./errors.js";
import { nameOfAlias, refusedConstructor } from "./refused-global.js";
import { lineAt, placeOf, positionIn } from "./source-position.js";
import type { Position } from "./source-position.js";

const advice: Readonly<Record<string, string>> = {
  eval: "code is fixed when the agent is built: write a function",
  Function: "code is fixed when the agent is built: write a function",
  WeakRef: "when memory is freed must not show: hold the value, or use a WeakMap",
  FinalizationRegistry: "when memory is freed must not show: release what you hold yourself",
  Atomics: "an agent has one thread and waits with await",
  SharedArrayBuffer: "agents share no memory: send a message",
  "import()": "import at the top of the file: everything is bundled when the agent is built",
};

interface Finding {
  readonly what: string;
  readonly position: Position;
}

/** @throws {WE_JAVASCRIPT_REFUSED} for the first use in the order of the bundle */
export function checkBundle(bundle: Bundle): void {
  const tree = parse(bundle.text, { ecmaVersion: "latest", sourceType: "module", locations: true });
  const findings: Finding[] = [];
  /** `file name` of every `typeof name`: a package that looks before it uses does without. */
  const asked = new Set<string>();
  visit(tree, undefined, (node, parent) => {
    const what = refusedBy(node, parent);
    if (what === undefined || node.loc === undefined || node.loc === null) return;
    const { line, column } = node.loc.start;
    const position = positionIn(bundle, line, column + 1);
    if (isTypeQuestion(parent)) asked.add(`${position.file} ${what}`);
    else findings.push({ what, position });
  });
  const found = findings.find(
    ({ what, position }) =>
      !(position.file.startsWith("node_modules/") && asked.has(`${position.file} ${what}`)),
  );
  if (found === undefined) return;
  const { what, position } = found;
  throw javaScriptError("WE_JAVASCRIPT_REFUSED", {
    place: placeOf(position),
    what,
    line: lineAt(bundle, position),
    advice: advice[what] ?? "",
  });
}

/** Children of a node lie in its properties, single or in arrays. */
function visit(
  node: Node,
  parent: Node | undefined,
  see: (node: Node, parent: Node | undefined) => void,
): void {
  const open: (readonly [Node, Node | undefined])[] = [[node, parent]];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const [current, above] = next;
    see(current, above);
    const children = Object.values(current).flat(1).filter(isNode).reverse();
    for (const child of children) open.push([child, current]);
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

function refusedBy(node: Node, parent: Node | undefined): string | undefined {
  if (node.type === "ImportExpression") return "import()";
  if (!("name" in node) || node.type !== "Identifier") return undefined;
  const name = nameOfAlias.get(String(node.name));
  if (name !== refusedConstructor) return name;
  return isCalled(node, parent) || isTypeQuestion(parent) ? name : undefined;
}

function isCalled(node: Node, parent: Node | undefined): boolean {
  const isCall = parent?.type === "CallExpression" || parent?.type === "NewExpression";
  return isCall && "callee" in parent && parent.callee === node;
}

function isTypeQuestion(parent: Node | undefined): boolean {
  return parent?.type === "UnaryExpression" && "operator" in parent && parent.operator === "typeof";
}
