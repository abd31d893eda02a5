/** The import table of the architecture: which package may import which, and what stays free of I/O. */

import type { SourceFile } from "./source-tree.js";

interface Layer {
  readonly packages: readonly string[];
  readonly modules: readonly string[];
  /** May import node: built-ins. */
  readonly node: boolean;
}

/** DESIGN §4: rows are package folders, values what their production code may import. */
export const layers: Readonly<Record<string, Layer>> = {
  "packages/abi": { packages: [], modules: [], node: false },
  "packages/wasm": { packages: ["abi"], modules: [], node: false },
  "packages/core": { packages: ["abi"], modules: ["cborg"], node: false },
  "packages/executor": { packages: ["abi", "wasm"], modules: [], node: false },
  "packages/engine": {
    // inference is loaded by name in the inference thread only (ADR 0026).
    packages: ["abi", "wasm", "core", "executor", "inference"],
    modules: ["ajv", "yaml", "assemblyscript", "esbuild"],
    node: true,
  },
  "packages/inference": {
    packages: ["abi", "core"],
    modules: ["onnxruntime-web", "onnxruntime-node", "@huggingface/jinja", "@huggingface/tokenizers"],
    node: true,
  },
  "apps/cli": {
    packages: ["abi", "wasm", "core", "executor", "engine", "inference"],
    modules: ["commander", "@wasm-engine/sdk-javascript"],
    node: true,
  },
};

/** Complaints about the imports of one file of a layered package. */
export function layerComplaints(file: SourceFile): string[] {
  const folder = Object.keys(layers).find((name) => file.path.startsWith(`${name}/src/`));
  if (folder === undefined || /\.test\.ts$|\/testing\//.test(file.path)) return [];
  const layer = layers[folder];
  if (layer === undefined) return [];
  return importsOf(file.text())
    .filter((specifier) => !allowed(specifier, layer))
    .map((specifier) => `${file.path}: ${folder} may not import "${specifier}"`);
}

function allowed(specifier: string, layer: Layer): boolean {
  if (specifier.startsWith(".")) return !specifier.includes("/testing/");
  if (specifier.startsWith("node:")) return layer.node;
  const own = /^@wasm-engine\/([a-z]+)(\/|$)/.exec(specifier);
  if (own !== null) return layer.packages.includes(own[1] ?? "");
  return layer.modules.some((name) => specifier === name || specifier.startsWith(`${name}/`));
}

function importsOf(text: string): string[] {
  const patterns = [
    /(?:^|\n)\s*(?:import|export)\b[^;"']*?from\s*["']([^"']+)["']/g,
    /\bimport\(\s*["']([^"']+)["']\s*\)/g,
    /(?:^|\n)\s*import\s+["']([^"']+)["']/g,
  ];
  return patterns.flatMap((pattern) => [...text.matchAll(pattern)].map((match) => match[1] ?? ""));
}
