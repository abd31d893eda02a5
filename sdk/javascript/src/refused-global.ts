/**
 * What an agent may not use, and what it is called while a bundle is checked. esbuild knows which names are globals and
 * gives those an alias of the same length; the check finds the alias and puts the name back. Columns stay what they are.
 */

/** A letter that no program uses in place of the first one. */
const mark = "ꙮ";

/** Refused wherever they are read. */
export const refusedGlobals = [
  "eval",
  "WeakRef",
  "FinalizationRegistry",
  "Atomics",
  "SharedArrayBuffer",
] as const;

/** Refused where it is called: `x instanceof Function` is fine. */
export const refusedConstructor = "Function";

const aliased: readonly string[] = [...refusedGlobals, refusedConstructor];

/** Alias by name: `ꙮval`. Also for what is reached through `globalThis`. */
export const aliases: Readonly<Record<string, string>> = Object.fromEntries(
  aliased.flatMap((name) => [
    [name, aliasOf(name)],
    [`globalThis.${name}`, aliasOf(name)],
  ]),
);

/** Name by alias. */
export const nameOfAlias: ReadonlyMap<string, string> = new Map(aliased.map((name) => [aliasOf(name), name]));

const everyAlias = new RegExp([...nameOfAlias.keys()].join("|"), "g");

/** A checked bundle with the names that its author wrote. */
export function withNames(text: string): string {
  return text.replaceAll(everyAlias, (alias) => nameOfAlias.get(alias) ?? alias);
}

function aliasOf(name: string): string {
  return mark + name.slice(1);
}
