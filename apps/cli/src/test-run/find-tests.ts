/** Finds what `test` runs: test files and bundles below a folder, and those that arguments name. */

import { readdirSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";

export interface FoundTests {
  /** Absolute, sorted. */
  readonly files: readonly string[];
  readonly bundles: readonly string[];
}

const testFile = /\.test\.(?:ts|mts|js|mjs)$/;
const bundleFile = /\.bundle$/;
/** Folders that hold copies and results. */
const passedOver = /^(?:node_modules|dist|out|build|coverage|\..*)$/;

/**
 * Everything below `folder`, narrowed to what fits one of the patterns: a file, a folder, a pattern with `*`, `**` and
 * `?`, or a part of a path. Bundles are found by themselves only in folders called `golden`.
 */
export function findTests(folder: string, patterns: readonly string[]): FoundTests {
  const all = filesBelow(folder);
  if (patterns.length === 0) {
    const isGolden = (path: string): boolean => relative(folder, path).split(sep).includes("golden");
    return {
      files: all.filter((path) => testFile.test(path)),
      bundles: all.filter((path) => bundleFile.test(path) && isGolden(path)),
    };
  }
  const named = new Set(patterns.flatMap((pattern) => fitting(folder, all, pattern)));
  const paths = [...named].sort();
  return {
    files: paths.filter((path) => !bundleFile.test(path)),
    bundles: paths.filter((path) => bundleFile.test(path)),
  };
}

function fitting(folder: string, all: readonly string[], pattern: string): readonly string[] {
  const path = resolve(folder, pattern);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isFile() === true) return [path];
  const isTest = (candidate: string): boolean => testFile.test(candidate) || bundleFile.test(candidate);
  if (stats?.isDirectory() === true) return filesBelow(path).filter(isTest);
  const expression = /[*?]/.test(pattern) ? globExpression(pattern) : undefined;
  return all.filter((candidate) => {
    const name = relative(folder, candidate).replaceAll(sep, "/");
    return isTest(name) && (expression === undefined ? name.includes(pattern) : expression.test(name));
  });
}

/** `**` is any folders, `*` anything within a name, `?` one character. */
function globExpression(pattern: string): RegExp {
  const plain = pattern.replace(/^\.\//, "").replaceAll(/[.+^${}()|[\]\\]/g, "\\$&");
  const source = plain.replaceAll(/\*\*\/|\*\*|\*|\?/g, (part) => {
    if (part === "**/") return "(?:.*/)?";
    if (part === "**") return ".*";
    return part === "*" ? "[^/]*" : "[^/]";
  });
  return new RegExp(`^${source}$`);
}

function filesBelow(folder: string): readonly string[] {
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!passedOver.test(entry.name)) found.push(...filesBelow(path));
    } else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}
