/** `bundle RUN --out F`: a run as one file that replays anywhere. */

import { resolve } from "node:path";
import { bundleRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { textOption } from "../command.js";
import { usageError } from "../errors.js";

export const bundle: CommandFunction = async ({ parsed }) => {
  const out = textOption(parsed, "out");
  if (out === undefined) throw usageError("bundle", "bundle needs --out FILE");
  const report = await bundleRun(parsed.arguments[0] ?? "", { out: resolve(out) });
  const { path, bytes, contentBytes, digest, chainHead, ticks } = report;
  return {
    document: report,
    text: [
      `${path} (${bytes} bytes, ${contentBytes} unpacked, ${ticks} ticks)`,
      `digest     ${digest}`,
      `chain head ${chainHead}`,
      `next       wasm-engine replay ${path}`,
    ].join("\n"),
  };
};
