/** Scripts for table tests: every agent writes down what it sees and does what its entry in a table says. */

import { MessageFlag, MessageKind } from "@wasm-engine/abi";
import type { ScriptContext, ScriptInvocation } from "./script-context.js";
import type { Script } from "./script-executors.js";
import { remember } from "./script-world.js";

/** By agent id: what it does in an invocation, after having written down what it saw. */
export type Act = (context: ScriptContext, invocation: ScriptInvocation) => void;
export type Acts = Readonly<Record<string, Act | undefined>>;

const kindNames = Object.fromEntries(Object.entries(MessageKind).map(([name, kind]) => [kind, name]));

/**
 * `tick KIND topic text #correlation!` per invocation; `!` marks errors, `init` and
 * `shutdown` stand for themselves.
 */
export function puppet(acts: Acts): Script {
  return (context, invocation) => {
    remember(context, sightOf(invocation));
    acts[context.id]?.(context, invocation);
  };
}

function sightOf({ entry, message, topic, text }: ScriptInvocation): string {
  if (message === undefined) return entry;
  const isError = (message.flags & MessageFlag.ERROR) !== 0;
  const code = isError && text.startsWith("{") ? String((JSON.parse(text) as { code: unknown }).code) : text;
  const correlation = message.correlationId === 0 ? "" : `#${message.correlationId}`;
  return [kindNames[message.kind], topic, code, correlation + (isError ? "!" : "")]
    .filter((part) => part !== "")
    .join(" ");
}

/** Act once, in the first turn. */
export function atStart(act: (context: ScriptContext) => void): Act {
  return (context, invocation) => {
    if (invocation.message?.kind === MessageKind.START) act(context);
  };
}

/** Act on messages of one topic. */
export function on(wanted: string, act: (context: ScriptContext, invocation: ScriptInvocation) => void): Act {
  return (context, invocation) => {
    if (invocation.topic === wanted) act(context, invocation);
  };
}

/** Several acts of one agent. */
export function all(...acts: readonly Act[]): Act {
  return (context, invocation) => {
    for (const act of acts) act(context, invocation);
  };
}
