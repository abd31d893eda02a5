/** JSON that guests hand to the host: only its form is checked here, the core reads what it means. */

import { Refusal, decodeUtf8 } from "@wasm-engine/abi";
import { jsonDepthMax } from "./limits.js";

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [OPEN_LIST, CLOSE_LIST, OPEN_MAP, CLOSE_MAP] = [0x5b, 0x5d, 0x7b, 0x7d];

/** 0 where `bytes` are UTF-8 text of one JSON object; else BAD_TEXT or BAD_MESSAGE. */
export function isJsonObject(bytes: Uint8Array): 0 | typeof Refusal.BAD_TEXT | typeof Refusal.BAD_MESSAGE {
  const text = decodeUtf8(bytes);
  if (text === undefined) return Refusal.BAD_TEXT;
  if (depthOf(bytes) > jsonDepthMax) return Refusal.BAD_MESSAGE;
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return isObject ? 0 : Refusal.BAD_MESSAGE;
  } catch {
    return Refusal.BAD_MESSAGE;
  }
}

/** Deepest nesting of containers. Where the text is no JSON the number means nothing, but it is always finite. */
function depthOf(bytes: Uint8Array): number {
  let [depth, deepest] = [0, 0];
  let inString = false;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at += 1;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_LIST || byte === OPEN_MAP) deepest = Math.max(deepest, (depth += 1));
    else if (byte === CLOSE_LIST || byte === CLOSE_MAP) depth -= 1;
  }
  return deepest;
}
