/** Repository rules that are not about one source file's shape: sizes, titles, numbers, pins, leaked names. */

import type { SourceFile } from "./source-tree.js";

const blobBytesMax = 256 * 1024;
/** Recorded runs that every release replays. */
const goldenBytesMax = 2 * 1024 * 1024;
const assetBytesMax = 8 * 1024 * 1024;
const assetsBytesMax = 12 * 1024 * 1024;
const exampleDataBytesMax = 300 * 1024;

const sourceExtensions = "ts mts mjs js c h wat";
const dataExtensions = "json jsonl md yaml yml wasm onnx csv gz html svg txt bundle";
const toolExtensions = "gitignore npmrc prettierignore";
const allowedExtensions = new Set(`${sourceExtensions} ${dataExtensions} ${toolExtensions}`.split(" "));
const extensionless = new Set(["LICENSE", "NOTICE", ".ci/run"]);
/** Models are trained with tools of another language; nothing else here is. */
const modelRecipe = /^assets\/models\/[a-z0-9-]+\/build\/[a-z-]+\.py$/;

export function sizeComplaints(files: readonly SourceFile[]): string[] {
  const complaints: string[] = [];
  let assets = 0;
  for (const file of files) {
    if (isAsset(file.path)) assets += file.bytes;
    const limit = limitOf(file.path);
    if (file.path !== "package-lock.json" && file.bytes > limit) {
      complaints.push(`${file.path}: ${file.bytes} bytes, at most ${limit}`);
    }
    const extension = file.path.split("/").at(-1)?.split(".").at(-1) ?? "";
    const known = allowedExtensions.has(extension) || extensionless.has(file.path);
    if (!known && !modelRecipe.test(file.path)) {
      complaints.push(`${file.path}: file type not in the allowed list`);
    }
  }
  if (assets > assetsBytesMax)
    complaints.push(`assets/: ${assets} bytes together, at most ${assetsBytesMax}`);
  return complaints;
}

export function markdownComplaints(file: SourceFile): string[] {
  const withoutFences = file.text().replace(/^(```|~~~)[\s\S]*?^\1/gm, "");
  const titles = withoutFences.match(/^# .+$/gm) ?? [];
  return titles.length === 1 ? [] : [`${file.path}: ${titles.length} titles, exactly one "# Title" wanted`];
}

export function decisionComplaints(files: readonly SourceFile[]): string[] {
  const seen = new Map<string, string>();
  const complaints: string[] = [];
  for (const file of files.filter(({ path }) => path.startsWith("docs/adr/"))) {
    const number = /^docs\/adr\/(\d{4})-[a-z0-9-]+\.md$/.exec(file.path)?.[1];
    if (number === undefined) complaints.push(`${file.path}: decision records are NNNN-title.md`);
    else if (seen.has(number))
      complaints.push(`${file.path}: number ${number} is taken by ${seen.get(number) ?? ""}`);
    else seen.set(number, file.path);
  }
  return complaints;
}

/** Exact pins, and a line in docs/dependencies.md for each dependency of the workspace. */
export function dependencyComplaints(files: readonly SourceFile[]): string[] {
  const listed = files.find(({ path }) => path === "docs/dependencies.md")?.text() ?? "";
  const complaints: string[] = [];
  for (const file of files.filter(({ path }) => /(^|\/)package\.json$/.test(path))) {
    const manifest = JSON.parse(file.text()) as Record<string, Record<string, string> | undefined>; // npm's own format
    for (const field of ["dependencies", "devDependencies", "optionalDependencies"]) {
      for (const [name, range] of Object.entries(manifest[field] ?? {})) {
        if (!/^(npm:[a-z@/.-]+@)?\d+\.\d+\.\d+$/.test(range)) {
          complaints.push(`${file.path}: ${name} is not pinned: ${range}`);
        }
        if (!name.startsWith("@wasm-engine/") && !listed.includes(`\`${name}\``)) {
          complaints.push(`docs/dependencies.md: no line for ${name} (${file.path})`);
        }
      }
    }
  }
  return complaints;
}

const leaks: readonly (readonly [RegExp, string])[] = [
  [/registry\.npmjs\.org|pypi\.org|static\.crates\.io|deb\.debian\.org/, "registry host name"],
  [/\/work\/(main|shared)|\/home\/[a-z]+\/|\/root\//, "machine path"],
  [/"resolved": "http/, "lock file with download addresses"],
];

export function leakComplaints(file: SourceFile): string[] {
  if (file.path.startsWith("scripts/src/tidy/")) return [];
  const text = file.text();
  return leaks.filter(([pattern]) => pattern.test(text)).map(([, what]) => `${file.path}: ${what}`);
}

function isAsset(path: string): boolean {
  return path.startsWith("assets/");
}

/** Bytes that the file at `path` may have. */
function limitOf(path: string): number {
  if (isAsset(path)) return assetBytesMax;
  if (/^examples\/[^/]+\/data\//.test(path)) return exampleDataBytesMax;
  return /^examples\/[^/]+\/golden\.bundle$/.test(path) ? goldenBytesMax : blobBytesMax;
}
