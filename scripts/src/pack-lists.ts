/** What the tarballs of this repository would hold, as npm itself says, and what is wrong with it. */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { repositoryRoot } from "./tidy/source-tree.js";

export interface PackedPackage {
  readonly name: string;
  readonly filename: string;
  /** Folder in the repository. */
  readonly folder: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  readonly unpackedSize: number;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

export function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(repositoryRoot, folder, "package.json"), "utf8")) as Manifest; // npm's format
}

/** Folders of the workspaces that are published, whichever there are. */
export function publishedFolders(): string[] {
  const root = JSON.parse(readFileSync(join(repositoryRoot, "package.json"), "utf8")) as {
    readonly workspaces: readonly string[];
  }; // npm's format
  return root.workspaces.filter((folder) => manifestOf(folder).private !== true);
}

/** Packs every published workspace, or with `dryRun` only lists. Tarballs lie in `destination`. */
export function packAll(options: { readonly destination?: string }): PackedPackage[] {
  const folders = publishedFolders();
  const flags =
    options.destination === undefined ? ["--dry-run"] : ["--pack-destination", options.destination];
  const workspaces = folders.flatMap((folder) => ["--workspace", folder]);
  const result = spawnSync("npm", ["pack", "--json", "--loglevel=error", ...flags, ...workspaces], {
    cwd: repositoryRoot,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    shell: process.platform === "win32",
  });
  if (result.status !== 0) throw new RangeError(`npm pack failed:\n${result.stderr}${result.stdout}`);
  const packed = JSON.parse(result.stdout.slice(result.stdout.indexOf("["))) as Omit<
    PackedPackage,
    "folder"
  >[]; // npm's format
  const byName = new Map(folders.map((folder) => [manifestOf(folder).name, folder]));
  return packed.map((entry) => ({ ...entry, folder: byName.get(entry.name) ?? "" }));
}

/** Everything that must not be in a tarball, or is missing from it. */
export function packComplaints({ name, folder, files }: PackedPackage): string[] {
  const paths = new Set(files.map(({ path }) => path));
  const complaints: string[] = [];
  const complain = (what: string): void => void complaints.push(`${name}: ${what}`);
  for (const path of paths) {
    // Projects for users, with tests of theirs.
    if (path.startsWith("templates/")) continue;
    if (/\.test\.|(^|\/)testing\/|\.tsbuildinfo$|(^|\/)\.|^src\//.test(path))
      complain(`${path} is not for users`);
  }
  for (const needed of ["LICENSE", "README.md", "package.json"]) {
    if (!paths.has(needed)) complain(`${needed} is missing`);
  }
  const { bin, exports } = manifestOf(folder);
  for (const target of [...Object.values(bin ?? {}), ...targetsOf(exports ?? {})]) {
    const path = target.replace(/^\.\//, "");
    if (!paths.has(path)) complain(`${path} is named in package.json and missing`);
  }
  for (const { path } of files) complaints.push(...fileComplaints(join(folder, path), paths, folder));
  return complaints;
}

function targetsOf(exports: Readonly<Record<string, unknown>>): string[] {
  return Object.values(exports).flatMap((value) =>
    typeof value === "string" ? [value] : targetsOf(value as Readonly<Record<string, unknown>>),
  );
}

const checkedText = /\.(js|mjs|d\.ts|ts|json|map|md|h|c)$/;

/** Maps without their sources, comments that name missing maps, paths of the machine that packed. */
function fileComplaints(path: string, packed: ReadonlySet<string>, folder: string): string[] {
  const absolute = join(repositoryRoot, path);
  if (!checkedText.test(path) || !existsSync(absolute)) return [];
  const text = readFileSync(absolute, "utf8");
  const complaints: string[] = [];
  if (text.includes(repositoryRoot.replace(/\/$/, ""))) complaints.push(`${path}: path of this machine`);
  const map = /^\/\/# sourceMappingURL=(\S+)$/m.exec(text)?.[1];
  if (map !== undefined) {
    const target = join(dirname(path), map).slice(folder.length + 1);
    if (!packed.has(target)) complaints.push(`${path}: its source map ${map} is not packed`);
  }
  if (path.endsWith(".map")) {
    const { sources, sourcesContent } = JSON.parse(text) as {
      readonly sources: readonly string[];
      readonly sourcesContent?: readonly (string | null)[];
    }; // source map, version 3
    const isWhole = sources.every((_, index) => typeof sourcesContent?.[index] === "string");
    if (!isWhole) complaints.push(`${path}: a map without the sources that it points to`);
  }
  return complaints;
}
