/** `verify-log RUN`: every byte and the chain, without executing anything. */

import type { LogDamage } from "@wasm-engine/core";
import { verifyLogOfRun } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { hex } from "../hex.js";

/** Bytes that no sync had covered: a crash leaves them, and so does whoever appends to a file. */
function tornText({ segment, offset, reason }: LogDamage): string {
  return `after the last record: ${segment} offset ${offset} holds what was never acknowledged (${reason})`;
}

export const verifyLog: CommandFunction = async ({ parsed }) => {
  const report = await verifyLogOfRun(parsed.arguments[0] ?? "");
  const { ok, records, ticks, commits, inputs, closed, damagedAt, torn } = report;
  const chainHead = hex(report.chainHead);
  const text =
    damagedAt === undefined
      ? [
          `whole: ${records} records, ${inputs} inputs, ${commits} commits, ${ticks} ticks${closed ? "" : " (not closed)"}`,
          `chain head ${chainHead}`,
          ...(torn === undefined ? [] : [tornText(torn)]),
        ].join("\n")
      : `DAMAGED at record ${damagedAt.record}, ${damagedAt.segment} offset ${damagedAt.offset}: ${damagedAt.reason}`;
  return { document: { ...report, chainHead }, text, exitCode: ok ? 0 : 3 };
};
