/**
 * One script of a tool and the files that it imports, made by esbuild, which comes with the JavaScript SDK. Packages
 * stay outside: Node.js finds them from where the script is kept. What a file says of its own place (`import.meta`)
 * stays true.
 */

import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { sha256Hex } from "../crypto/node-crypto.js";
import { packageFolder } from "../modules/package-folder.js";

/** The part of esbuild that is used. */
interface Bundler {
  build(options: object): Promise<{ readonly outputFiles: readonly { readonly text: string }[] }>;
  stop(): Promise<void>;
}

interface PluginBuild {
  onResolve(filter: { readonly filter: RegExp }, resolve: () => { readonly path: string }): void;
  onLoad(
    filter: { readonly filter: RegExp },
    load: (file: {
      readonly path: string;
    }) => { readonly contents: string; readonly loader: string } | undefined,
  ): void;
}

const toolProgram = fileURLToPath(new URL("./tool.js", import.meta.url));

/** Undefined where esbuild is not installed. */
export async function loadBundler(path: string): Promise<Bundler | undefined> {
  const sdk = packageFolder("@wasm-engine/sdk-javascript", dirname(path));
  const folder = packageFolder("esbuild", sdk ?? dirname(path));
  if (folder === undefined) return undefined;
  const module = (await import(pathToFileURL(join(folder, "lib", "main.js")).href)) as { default: Bundler }; // CommonJS
  return module.default;
}

/** Scripts being made: esbuild is a process of its own, which is not kept. */
let running = 0;

/** The text of the script. @throws what esbuild has against it, in its own words */
export async function bundleTool(bundler: Bundler, path: string): Promise<string> {
  running += 1;
  try {
    const { outputFiles } = await bundler.build({
      entryPoints: [path],
      absWorkingDir: dirname(path),
      bundle: true,
      write: false,
      format: "esm",
      platform: "node",
      target: "node20",
      packages: "external",
      legalComments: "none",
      logLevel: "silent",
      define: {
        "import.meta.url": "__wasmEngineUrl",
        "import.meta.filename": "__wasmEngineFile",
        "import.meta.dirname": "__wasmEngineFolder",
      },
      plugins: [{ name: "wasm-engine-tool", setup: preparePlaces }],
    });
    return outputFiles[0]?.text ?? "";
  } finally {
    running -= 1;
    if (running === 0) await bundler.stop();
  }
}

/** A script has one place, its files had several: each keeps its own in constants. */
function preparePlaces(build: PluginBuild): void {
  build.onResolve({ filter: /^wasm-engine\/tool$/ }, () => ({ path: toolProgram }));
  build.onLoad({ filter: /\.[cm]?[jt]s$/ }, ({ path }) => {
    const text = readFileSync(path, "utf8");
    if (!text.includes("import.meta")) return undefined;
    const [url, file, folder] = [pathToFileURL(path).href, path, dirname(path)].map((place) =>
      JSON.stringify(place),
    );
    const places = `const __wasmEngineUrl=${url},__wasmEngineFile=${file},__wasmEngineFolder=${folder};`;
    return { contents: places + text, loader: /\.[cm]?ts$/.test(path) ? "ts" : "js" };
  });
}

/** Keeps the script where its packages are found; the same text is the same file. Returns its path. */
export function keepBundle(text: string, path: string, baseDirectory: string): string {
  const folder = bundleFolder(dirname(path)) ?? join(baseDirectory, ".wasm-engine", "tools");
  const file = join(folder, `${sha256Hex(Buffer.from(text)).slice(0, 32)}.mjs`);
  if (existsSync(file)) return file;
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, text);
  renameSync(draft, file);
  return file;
}

/** In the nearest folder of packages above the tool. */
function bundleFolder(start: string): string | undefined {
  for (let folder = start; ; folder = dirname(folder)) {
    const packages = join(folder, "node_modules");
    if (existsSync(packages)) return join(packages, ".wasm-engine", "tools");
    if (dirname(folder) === folder) return undefined;
  }
}
