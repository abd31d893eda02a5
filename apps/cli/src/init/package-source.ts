/**
 * Where new projects get this very wasm-engine from: the exact version of a registry, or the files that it was itself
 * installed from. In the second case its parts come from files too, and no registry has them.
 */

import { readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { cliVersion } from "../version.js";

export interface PackageSource {
  /** For `dependencies` of package.json. */
  readonly specifier: string;
  /** For `overrides`: parts that were installed from files. */
  readonly overrides: Readonly<Record<string, string>>;
}

/** The part of npm's hidden lock file that is used. */
interface InstalledPackages {
  readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>;
}

const published = "wasm-engine";
const partsScope = "@wasm-engine/";
const ownFolder = fileURLToPath(new URL("../../", import.meta.url));

/** Of the package that lies in `folder`. */
export function packageSource(folder: string = resolve(ownFolder)): PackageSource {
  const modules = dirname(folder);
  if (basename(modules) !== "node_modules") return { specifier: cliVersion(), overrides: {} };
  const root = dirname(modules);
  const files = new Map<string, string>();
  for (const [path, { resolved = "" }] of Object.entries(installedPackages(modules))) {
    const name = path.replace(/^node_modules\//, "");
    if ((name === published || name.startsWith(partsScope)) && resolved.startsWith("file:"))
      files.set(name, absoluteFile(resolved, root));
  }
  const specifier = files.get(published) ?? cliVersion();
  files.delete(published);
  return { specifier, overrides: Object.fromEntries(files) };
}

/** npm's record of what it installed; another package installer keeps none, and then the version says enough. */
function installedPackages(modules: string): NonNullable<InstalledPackages["packages"]> {
  try {
    const text = readFileSync(join(modules, ".package-lock.json"), "utf8");
    return (JSON.parse(text) as InstalledPackages).packages ?? {}; // npm's format
  } catch {
    return {};
  }
}

function absoluteFile(resolved: string, root: string): string {
  const path = resolved.slice("file:".length);
  return `file:${isAbsolute(path) ? path : resolve(root, path)}`;
}
