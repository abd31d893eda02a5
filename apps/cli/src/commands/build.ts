/** `build SOURCE`: source to signed module. */

import { resolve } from "node:path";
import { buildModule } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { textOption } from "../command.js";
import { projectFolder } from "../project-folder.js";

export const build: CommandFunction = async ({ parsed }) => {
  const source = resolve(parsed.arguments[0] ?? "");
  const name = textOption(parsed, "name");
  const out = textOption(parsed, "out");
  const built = await buildModule(source, {
    directory: projectFolder(source) ?? process.cwd(),
    ...(name === undefined ? {} : { name }),
    ...(out === undefined ? {} : { output: resolve(out) }),
  });
  const { path, digest, manifest, isCached, bytes } = built;
  const capabilities = manifest.capabilities.length === 0 ? "none" : manifest.capabilities.join(", ");
  return {
    document: { path, digest, bytes: bytes.length, manifest, cached: isCached },
    text: [
      `${isCached ? "unchanged" : "built"} ${path} (${bytes.length} bytes)`,
      `digest       ${digest}`,
      `capabilities ${capabilities}`,
    ].join("\n"),
  };
};
