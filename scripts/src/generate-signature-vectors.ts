/** Writes spec/vectors/signatures.json: `npm run build && node scripts/dist/generate-signature-vectors.js`. */

import { writeFileSync } from "node:fs";
import { signatureVectors } from "./signatures/signature-vectors.js";

const file = new URL("../../spec/vectors/signatures.json", import.meta.url);
const text = JSON.stringify(signatureVectors(), null, 2);
// Lists of names stand on one line, as the formatter wants them.
const lines = text.replace(
  /\[\s*("[^\]]*")\s*\]/g,
  (_, names: string) => `[${names.replace(/,\s+/g, ", ")}]`,
);
writeFileSync(file, `${lines}\n`);
