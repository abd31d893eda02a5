/**
 * Names of files that do not tell where the project stands: packages are called by what lies below `node_modules`, other
 * files by their path from the entry. esbuild writes paths into the script (comments, keys of wrapped modules); they are
 * replaced there, so that the same sources give the same bytes in every folder.
 */

export interface CanonicalNames {
  of(path: string): string;
  /** The script with every path of a file replaced. */
  renamed(script: string): string;
}

/** @param paths as esbuild writes them, relative to the folder of the entry */
export function canonicalNames(paths: readonly string[]): CanonicalNames {
  const names = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of paths) {
    const plain = path.replace(/^.*?(?=node_modules\/)/, "");
    // Two packages of the same name in different folders: rare, and told apart by their order in the script.
    let name = plain;
    for (let count = 2; taken.has(name); count++) name = `${plain}#${count}`;
    taken.add(name);
    names.set(path, name);
  }
  const of = (path: string): string => names.get(path) ?? path;
  const lineOf = (line: string): string => {
    const comment = /^\/\/ (.+)$/.exec(line)?.[1];
    if (comment !== undefined && names.has(comment)) return `// ${of(comment)}`;
    const key = /^(\s*)"([^"]+)"(\(.*)$/.exec(line);
    return key?.[2] === undefined || !names.has(key[2]) ? line : `${key[1]}"${of(key[2])}"${key[3]}`;
  };
  return { of, renamed: (script) => script.split("\n").map(lineOf).join("\n") };
}
