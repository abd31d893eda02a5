/** `export RUN --out F`: a run as one file for another machine. */

import { resolve } from "node:path";
import { exportRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { flagOption, integerOption, textOption } from "../command.js";
import { usageError } from "../errors.js";

export const exportVerb: CommandFunction = async ({ parsed }) => {
  const out = textOption(parsed, "out");
  if (out === undefined) throw usageError("export", "export needs --out FILE");
  const from = integerOption(parsed, "from");
  const report = await exportRun(parsed.arguments[0] ?? "", {
    out: resolve(out),
    snapshots: flagOption(parsed, "snapshots"),
    index: flagOption(parsed, "index"),
    ...(from === undefined ? {} : { from }),
  });
  const { path, bytes, contentBytes, digest, chainHead, ticks } = report;
  return {
    document: report,
    text: [
      `${path} (${bytes} bytes, ${contentBytes} unpacked, ${ticks} ticks)`,
      `digest     ${digest}`,
      `chain head ${chainHead}`,
      `next       wasm-engine import ${path}   (on the other machine)`,
    ].join("\n"),
  };
};
