/** What an error answer of an agent says. */

import { decodeUtf8 } from "@wasm-engine/abi";

/** Error answers carry JSON `{code, message}`; a guest may have written anything. */
export function readErrorAnswer(payload: Uint8Array): { code: string; reason: string } {
  const text = decodeUtf8(payload) ?? "";
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && "code" in value && "message" in value) {
      return { code: String(value.code), reason: String(value.message) };
    }
  } catch {
    // Not JSON: the text itself is the reason.
  }
  return { code: "FAILED", reason: text };
}
