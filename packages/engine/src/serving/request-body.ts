/** The body of a request: bounded bytes, then JSON that is no deeper than anybody wants it. */

import type { IncomingMessage } from "node:http";
import type { Json } from "@wasm-engine/core";
import { fail } from "./errors.js";
import { bodyDepthMax } from "./limits.js";

/** @throws {WE_SERVE_CONTENT_TYPE} {WE_SERVE_BODY_SIZE} {WE_SERVE_NOT_JSON} */
export async function readJson(request: IncomingMessage, bytesMax: number): Promise<Json> {
  const { "content-type": type = "nothing", "content-encoding": coding = "identity" } = request.headers;
  if (!/^application\/json\s*(;|$)/i.test(type)) throw fail("WE_SERVE_CONTENT_TYPE", { came: type });
  if (coding !== "identity") throw fail("WE_SERVE_CONTENT_TYPE", { came: coding });
  return parsed(await readBytes(request, bytesMax));
}

async function readBytes(request: IncomingMessage, max: number): Promise<Uint8Array> {
  if (Number(request.headers["content-length"] ?? 0) > max) throw fail("WE_SERVE_BODY_SIZE", { max });
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  return await new Promise((resolve, reject) => {
    request.on("data", (piece: Uint8Array) => {
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= max) return;
      pieces.length = 0;
      request.removeAllListeners("data");
      reject(fail("WE_SERVE_BODY_SIZE", { max }));
    });
    request.on("end", () => resolve(Buffer.concat(pieces)));
    // Whoever is cut off hears nothing of it.
    request.on("error", () => reject(fail("WE_SERVE_NOT_JSON", { problem: "it ended in its middle" })));
    request.on("close", () => reject(fail("WE_SERVE_NOT_JSON", { problem: "it ended in its middle" })));
  });
}

function parsed(bytes: Uint8Array): Json {
  try {
    const value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as Json; // nothing else
    if (isDeep(value)) throw new RangeError(`it is nested deeper than ${bodyDepthMax}`);
    return value;
  } catch (error) {
    throw fail("WE_SERVE_NOT_JSON", { problem: error instanceof Error ? error.message : String(error) });
  }
}

/** Without recursion: a megabyte of JSON can be nested half a million deep. */
function isDeep(value: Json): boolean {
  let level: readonly Json[] = [value];
  for (let depth = 0; depth <= bodyDepthMax; depth += 1) {
    level = level.flatMap((member) =>
      typeof member === "object" && member !== null ? (Object.values(member) as readonly Json[]) : [],
    ); // members of JSON are JSON
    if (level.length === 0) return false;
  }
  return true;
}
