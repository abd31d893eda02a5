/** Capabilities: deny by default, `*` grants all, a trailing `*` matches a prefix. Decided at commit, never before. */

import type { Capabilities } from "../model.js";

/** True where one of `patterns` grants `name`. */
export function allows(patterns: readonly string[], name: string): boolean {
  for (const pattern of patterns) {
    if (pattern === name) return true;
    if (pattern.endsWith("*") && name.startsWith(pattern.slice(0, -1))) return true;
  }
  return false;
}

/** True where everything that `child` grants is granted by `parent`: a child never has more than its parent. */
export function covers(parent: Capabilities, child: Capabilities): boolean {
  return (
    coversList(parent.send, child.send) &&
    coversList(parent.topics, child.topics) &&
    coversList(parent.models, child.models) &&
    coversList(parent.tools, child.tools) &&
    coversList(parent.spawn, child.spawn)
  );
}

/** A pattern is covered like a name: `foo*` needs a grant of `foo*` itself or of a shorter prefix. */
function coversList(parent: readonly string[], child: readonly string[]): boolean {
  return child.every((pattern) => allows(parent, pattern));
}
