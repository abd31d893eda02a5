/** What `bundle` and `export` share: the file that they are told to write, and what they say of it. */

import { resolve } from "node:path";
import type { BundleReport } from "@wasm-engine/engine";
import type { Outcome, Parsed } from "./command.js";
import { textOption } from "./command.js";
import { usageError } from "./errors.js";

/** Absolute path of --out. @throws {WE_CLI_USAGE} */
export function bundlePath(verb: string, parsed: Parsed): string {
  const out = textOption(parsed, "out");
  if (out === undefined) throw usageError(verb, `${verb} needs --out FILE`);
  return resolve(out);
}

/** `next`: the command that takes the file. */
export function bundleOutcome(report: BundleReport, next: string): Outcome {
  const { path, bytes, contentBytes, digest, chainHead, ticks } = report;
  return {
    document: report,
    text: [
      `${path} (${bytes} bytes, ${contentBytes} unpacked, ${ticks} ticks)`,
      `digest     ${digest}`,
      `chain head ${chainHead}`,
      `next       ${next}`,
    ].join("\n"),
  };
}
