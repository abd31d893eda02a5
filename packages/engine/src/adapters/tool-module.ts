/** Loads the module of a tool and finds the tool in it. What cannot be loaded stops the world before it begins. */

import { readFileSync } from "node:fs";
import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { EngineError } from "@wasm-engine/abi";
import { sha256Hex } from "../crypto/node-crypto.js";
import { buildError } from "../modules/errors.js";
import type { ToolSetup } from "./contract.js";
import { adapterError } from "./errors.js";
import type { ToolDefinition } from "./tool.js";
import { bundleTool, keepBundle, loadBundler } from "./tool-bundle.js";

export interface LoadedTool {
  readonly definition: ToolDefinition;
  /** Hex SHA-256 over its text and that of the files that it imports; packages are not part of it. */
  readonly identity: string;
}

/** @throws {WE_TOOL_LOAD} {WE_TOOL_DEFINITION} {WE_BUILD_TOOL_MISSING} */
export async function loadTool(setup: ToolSetup, baseDirectory: string): Promise<LoadedTool> {
  const { name, path } = setup;
  try {
    const { file, identity } = await runnable(path, baseDirectory);
    const module = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>; // what import gives
    return { definition: toolOf(setup, module), identity };
  } catch (error) {
    if (EngineError.is(error)) throw error;
    throw adapterError("WE_TOOL_LOAD", { name, path, cause: causeOf(error) });
  }
}

/** Node.js runs JavaScript as it is; TypeScript becomes one script first. */
async function runnable(path: string, baseDirectory: string): Promise<{ file: string; identity: string }> {
  const isTyped = /\.m?ts$/.test(extname(path));
  const bundler = await loadBundler(path);
  if (bundler === undefined) {
    if (!isTyped) return { file: path, identity: sha256Hex(readFileSync(path)) };
    const install = "run: npm install esbuild, or write the tool as .mjs";
    throw buildError("WE_BUILD_TOOL_MISSING", { path, tool: "esbuild", install });
  }
  const text = await bundleTool(bundler, path);
  return {
    file: isTyped ? keepBundle(text, path, baseDirectory) : path,
    identity: sha256Hex(Buffer.from(text)),
  };
}

/** First line: what follows in errors of Node.js and esbuild are frames. */
function causeOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [first = "", second = ""] = text.split("\n");
  return first.endsWith(":") ? `${first} ${second.trim()}` : first;
}

function toolOf(
  { name, path, export: wanted }: ToolSetup,
  module: Readonly<Record<string, unknown>>,
): ToolDefinition {
  const refuse = (problem: string): never => {
    throw adapterError("WE_TOOL_DEFINITION", { name, path, problem });
  };
  if (wanted !== undefined) {
    return asTool(module[wanted]) ?? refuse(`has no export ${JSON.stringify(wanted)} that is a tool`);
  }
  const chosen = asTool(module["default"]);
  if (chosen !== undefined) return chosen;
  const tools = Object.entries(module).filter(([, value]) => isDefinition(value));
  if (tools.length > 1) {
    refuse(
      `exports ${tools.map(([exported]) => exported).join(", ")}; name one with \`export\` in the configuration`,
    );
  }
  return asTool(tools[0]?.[1]) ?? refuse("exports no tool");
}

/** A function alone is a tool that takes any JSON. */
export function asTool(value: unknown): ToolDefinition | undefined {
  if (typeof value === "function") return { run: value as ToolDefinition["run"] }; // its result is checked
  return isDefinition(value) ? value : undefined;
}

function isDefinition(value: unknown): value is ToolDefinition {
  return typeof value === "object" && value !== null && "run" in value && typeof value.run === "function";
}
