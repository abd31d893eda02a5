/** Publishes the JSON Schema of engine.yaml: `npm run build && node scripts/dist/write-schema.js`. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { schemaText } from "@wasm-engine/engine";
import { format } from "prettier";
import { repositoryRoot } from "./tidy/source-tree.js";

const folder = join(repositoryRoot, "apps/cli/schema");
mkdirSync(folder, { recursive: true });
writeFileSync(
  join(folder, "engine.v1.json"),
  await format(schemaText(), { parser: "json", printWidth: 110 }),
);
