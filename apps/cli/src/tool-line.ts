/** A line of a tool's console, for people. */

import type { ToolLine } from "@wasm-engine/engine";
import { visible } from "./visible.js";

export function toolLineText({ tool, level, text, dropped }: ToolLine): string {
  const more = dropped === 0 ? "" : ` (${dropped} lines before it are left out)`;
  return `tool ${tool}: ${level === "error" ? "error: " : ""}${visible(text)}${more}`;
}
