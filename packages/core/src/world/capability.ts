/** Capabilities: deny by default, `*` grants all, a trailing `*` matches a prefix. Decided at commit, never before. */

import type { Capabilities } from "../model.js";

/** One list of patterns, taken apart once so that a message costs a look. */
export interface Grant {
  readonly all: boolean;
  readonly names: ReadonlySet<string>;
  readonly prefixes: readonly string[];
}

/** What one agent may do. */
export type Grants = { readonly [Kind in keyof Capabilities]: Grant };

export function compileGrants(capabilities: Capabilities): Grants {
  return {
    send: compileGrant(capabilities.send),
    topics: compileGrant(capabilities.topics),
    models: compileGrant(capabilities.models),
    tools: compileGrant(capabilities.tools),
    spawn: compileGrant(capabilities.spawn),
  };
}

const NOTHING: Grant = { all: false, names: new Set(), prefixes: [] };
const EVERYTHING: Grant = { all: true, names: new Set(), prefixes: [] };

/** The two common lists share one object each: there is one per agent and kind. */
export function compileGrant(patterns: readonly string[]): Grant {
  if (patterns.length === 0) return NOTHING;
  if (patterns.includes("*")) return EVERYTHING;
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  return { all: false, names: new Set(patterns), prefixes };
}

/** True where `grant` holds for `name`. */
export function allows(grant: Grant, name: string): boolean {
  if (grant.all || grant.names.has(name)) return true;
  for (const prefix of grant.prefixes) if (name.startsWith(prefix)) return true;
  return false;
}

/** True where everything that `child` grants is granted by `parent`: a child never has more than its parent. */
export function covers(parent: Grants, child: Capabilities): boolean {
  return (
    coversList(parent.send, child.send) &&
    coversList(parent.topics, child.topics) &&
    coversList(parent.models, child.models) &&
    coversList(parent.tools, child.tools) &&
    coversList(parent.spawn, child.spawn)
  );
}

/** A pattern is covered like a name: `foo*` needs a grant of `foo*` itself or of a shorter prefix. */
function coversList(parent: Grant, child: readonly string[]): boolean {
  return child.every((pattern) => allows(parent, pattern));
}
