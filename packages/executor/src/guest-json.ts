/** JSON that guests hand to the host: only its form is checked here, the core reads what it means. */

import { Refusal, decodeUtf8 } from "@wasm-engine/abi";

/** 0 where `bytes` are UTF-8 text of one JSON object; else BAD_TEXT or BAD_MESSAGE. */
export function isJsonObject(bytes: Uint8Array): 0 | typeof Refusal.BAD_TEXT | typeof Refusal.BAD_MESSAGE {
  const text = decodeUtf8(bytes);
  if (text === undefined) return Refusal.BAD_TEXT;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? 0 : Refusal.BAD_MESSAGE;
  } catch {
    return Refusal.BAD_MESSAGE;
  }
}
