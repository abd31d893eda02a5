/** Overrides as `--set` spells them: read, and written for people. */

import type { Json } from "@wasm-engine/core";
import { adviceFor } from "../config/suggestion.js";
import type { ArgumentChange, ForkOverrides, ResolvedOverrides } from "./contract.js";
import { forkError } from "./errors.js";

const heads = ["module", "model", "tool", "seed", "policy", "args"] as const;
const policies = ["fifo", "priority", "round-robin"] as const;

/** `KEY=VALUE` texts as overrides. @throws {WE_FORK_OVERRIDE} */
export function parseOverrides(texts: readonly string[]): ForkOverrides {
  const modules: Record<string, string> = {};
  const models: Record<string, Json> = {};
  const tools: Record<string, Json> = {};
  const args: ArgumentChange[] = [];
  let rest: Pick<ForkOverrides, "seed" | "policy"> = {};
  const keys = new Set<string>();
  for (const text of texts) {
    const equals = text.indexOf("=");
    if (equals < 1) throw refused(text, "it is not KEY=VALUE");
    const key = text.slice(0, equals);
    if (keys.has(key)) throw refused(text, `"${key}" is there twice`, "keep one of them");
    keys.add(key);
    const [head = "", ...path] = text.slice(0, equals).split(".");
    const value = text.slice(equals + 1);
    const name = path.join(".");
    if (head === "module") modules[named(text, name)] = value;
    else if (head === "model") models[named(text, name)] = jsonOrText(value);
    else if (head === "tool") tools[named(text, name)] = jsonOrText(value);
    else if (head === "seed" && name === "") rest = { ...rest, seed: seedOf(text, value) };
    else if (head === "policy" && name === "") rest = { ...rest, policy: policyOf(text, value) };
    else if (head === "args") args.push(argumentChange(text, path, value));
    else throw refused(text, "there is no such override", adviceFor(head, heads, "overrides"));
  }
  return { modules, models, tools, args, ...rest };
}

/** @throws {WE_FORK_OVERRIDE} */
export function policyOf(text: string, value: string): (typeof policies)[number] {
  const policy = policies.find((name) => name === value);
  if (policy !== undefined) return policy;
  throw refused(text, "there is no such policy", adviceFor(value, policies, "policies"));
}

/** One line per override; of modules the digest, since paths mean nothing elsewhere. */
export function overrideTexts(overrides: ResolvedOverrides): readonly string[] {
  const { modules, replaced, seed, policy, args, inputs, dropped } = overrides;
  return [
    ...modules.map(({ name, digest }) => `module.${name}=${digest}`),
    ...replaced.map(({ kind, name }) => `${kind === "tool" ? "tool" : "model"}.${name}`),
    ...(seed === undefined ? [] : [`seed=${seed}`]),
    ...(policy === undefined ? [] : [`policy=${policy}`]),
    ...args.map(({ agent, path, value }) => `${["args", agent, ...path].join(".")}=${JSON.stringify(value)}`),
    ...inputs.map(({ seq }) => `input ${seq}`),
    ...dropped.map((seq) => `drop-input ${seq}`),
  ];
}

function named(text: string, name: string): string {
  if (name === "") throw refused(text, "a name is missing behind the first point");
  return name;
}

function seedOf(text: string, value: string): number {
  const seed = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(seed)) return seed;
  throw refused(text, "a seed is a whole number from 0 to 2^53 - 1");
}

function argumentChange(text: string, path: readonly string[], value: string): ArgumentChange {
  const [agent = "", ...rest] = path;
  if (agent === "") throw refused(text, "the id of an agent is missing");
  try {
    return { agent, path: rest, value: JSON.parse(value) as Json }; // JSON.parse yields nothing else
  } catch {
    throw refused(text, `${value} is not JSON`, 'a text needs quotes: args.AGENT.PATH="text"');
  }
}

/** A map of members where it is one, else the text as it stands. */
function jsonOrText(value: string): Json {
  if (!value.startsWith("{")) return value;
  try {
    return JSON.parse(value) as Json; // JSON.parse yields nothing else
  } catch {
    return value;
  }
}

function refused(override: string, reason: string, advice = `see wasm-engine fork --help`): Error {
  return forkError("WE_FORK_OVERRIDE", { override, reason, advice });
}
