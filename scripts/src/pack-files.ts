/**
 * `prepack` and `postpack` of every published package: puts beside it what a tarball needs and the repository keeps
 * once (licence, readme, prebuilt binaries), and takes it away again. Runs in the folder of the package.
 */

import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  rmdirSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative, sep } from "node:path";
import { globSync } from "./glob.js";
import { repositoryRoot } from "./tidy/source-tree.js";

/** What a package gets besides licence and readme: targets, and where each comes from. */
const extras: Readonly<Record<string, readonly (readonly [string, string])[]>> = {
  "sdk/javascript": [
    ["assets/quickjs-agent-base.wasm", "assets/quickjs/quickjs-agent-base.wasm"],
    ["assets/LICENSE-quickjs-wasi.txt", "assets/quickjs/LICENSE-quickjs-wasi.txt"],
  ],
  "apps/cli": [["README.md", "README.md"]],
};

const folder = process.cwd();
const place = relative(repositoryRoot, folder).split(sep).join("/");
const ownReadme = place.startsWith("sdk/");
const copies = [["LICENSE", "LICENSE"] as const, ...(extras[place] ?? [])];
const isReadmeMade = !ownReadme && !copies.some(([target]) => target === "README.md");

switch (process.argv[2]) {
  case "put":
    put();
    break;
  case "take":
    take();
    break;
  default:
    console.error("usage: node scripts/dist/pack-files.js put|take, in the folder of a package");
    process.exit(2);
}

function put(): void {
  removeStale();
  for (const [target, source] of copies) {
    mkdirSync(dirname(join(folder, target)), { recursive: true });
    copyFileSync(join(repositoryRoot, source), join(folder, target));
  }
  if (isReadmeMade) writeFileSync(join(folder, "README.md"), readme());
}

/** What an earlier build left of a source that has moved since: the compiler does not remove it. */
function removeStale(): void {
  if (!existsSync(join(folder, "dist"))) return;
  const isOutput = (file: string): boolean => /\.(js|d\.ts)(\.map)?$/.test(file) && file !== "dist/joined.js";
  for (const path of globSync(folder, "dist", isOutput)) {
    const source = path.replace(/^dist/, "src").replace(/(\.d\.ts|\.js)(\.map)?$/, ".ts");
    if (!existsSync(join(folder, source))) rmSync(join(folder, path));
  }
}

function take(): void {
  const made = [...copies.map(([target]) => target), ...(isReadmeMade ? ["README.md"] : [])];
  for (const target of made) {
    rmSync(join(folder, target), { force: true });
    const parent = dirname(join(folder, target));
    if (parent !== folder && existsSync(parent) && readdirSync(parent).length === 0) rmdirSync(parent);
  }
}

/** Parts are not meant to be installed by hand: their readme says what they are part of. */
function readme(): string {
  const text = readFileSync(join(folder, "package.json"), "utf8");
  const { name, description } = JSON.parse(text) as { name: string; description: string }; // npm's format
  return `# ${name}

${description}.

A part of \`wasm-engine\`, which installs and documents it. Its interface may change with every version: depend on
\`wasm-engine\`.
`;
}
