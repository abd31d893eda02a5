/** `trust` of a configuration: names that must be declared, and what only makes sense together. Keys are read later. */

import { basename, extname } from "node:path";
import type { TrustRequest, TrustedKeyRequest } from "../modules/load-modules.js";
import type { ConfigContext } from "./config-context.js";
import type { ConfigFile, TrustEntry } from "./config-file.js";
import { shown } from "./problem.js";

/** The keys that count and how many of them are needed; problems are noted in the context. */
export function resolveTrust(context: ConfigContext, config: ConfigFile): TrustRequest {
  const { keys = [], require } = config.trust ?? {};
  const listed = isList(keys)
    ? keys.map((entry) => ({ name: nameOf(entry), entry, path: context.absolute(entry) }))
    : Object.entries(keys).map(([name, value]): TrustedKeyRequest => {
        const { key: entry, ceiling } = typeof value === "string" ? { key: value } : value;
        return { name, entry, path: context.absolute(entry), ...(ceiling === undefined ? {} : { ceiling }) };
      });
  if (require === undefined) return { keys: listed };
  checkRequire(context, config.trust ?? {}, require);
  const { threshold, of } = require;
  return { keys: of === undefined ? listed : listed.filter(({ name }) => of.includes(name)), threshold };
}

function checkRequire(
  context: ConfigContext,
  { keys = [], allowUnsigned }: TrustEntry,
  { threshold, of }: NonNullable<TrustEntry["require"]>,
): void {
  const known = isList(keys) ? [] : Object.keys(keys);
  for (const [index, name] of (of ?? []).entries()) {
    context.reference(["trust", "require", "of", index], { name, known, what: "key" });
  }
  const count = of === undefined ? (isList(keys) ? keys.length : known.length) : new Set(of).size;
  if (threshold > count) {
    context.add("WE_CONFIG_VALUE", ["trust", "require", "threshold"], {
      expected: `at most ${count}, the number of keys that count`,
      came: shown(threshold),
      advice: "name more keys or lower the threshold",
    });
  }
  if (allowUnsigned === true) {
    context.add("WE_CONFIG_VALUE", ["trust", "allowUnsigned"], {
      expected: "absent or false where `require` asks for signatures",
      came: "true",
      advice: "remove one of the two; a single module can be let in by its digest instead",
    });
  }
}

/** Keys of a list have no names: the file's, or the beginning of the digits. */
function nameOf(entry: string): string {
  return /^[0-9a-fA-F]{64}$/.test(entry) ? entry.slice(0, 12).toLowerCase() : basename(entry, extname(entry));
}

/** `Array.isArray` does not narrow readonly arrays. */
function isList(keys: NonNullable<TrustEntry["keys"]>): keys is readonly string[] {
  return Array.isArray(keys);
}
