/** Who may ask: programs of this machine, pages of the sites that were named, and those who have the token. */

import { createHash, timingSafeEqual } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { fail } from "./errors.js";
import { tokenBytesMax, tokenBytesMin } from "./limits.js";

export interface Access {
  /** Sites whose pages may ask, as `https://host:port`. */
  readonly origins: readonly string[];
  readonly token?: string;
}

/** Names of this machine; a browser that was led here by a foreign domain sends another one. */
const hostPattern = /^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i;

/** @throws {WE_SERVE_HOST} {WE_SERVE_ORIGIN} {WE_SERVE_UNAUTHORIZED} */
export function checkAccess(request: IncomingMessage, response: ServerResponse, access: Access): void {
  const { host = "", origin } = request.headers;
  if (!hostPattern.test(host)) throw fail("WE_SERVE_HOST", { host });
  if (origin !== undefined) {
    if (!access.origins.includes(origin)) throw fail("WE_SERVE_ORIGIN", { origin });
    response.setHeader("access-control-allow-origin", origin);
    response.setHeader("vary", "origin");
    // A browser asks without its token whether it may ask.
    if (request.method === "OPTIONS") return;
  }
  if (access.token !== undefined && !isToken(request.headers.authorization, access.token))
    throw fail("WE_SERVE_UNAUTHORIZED");
}

/** Headers of the answer to a browser that asks whether it may ask. */
export function preflightHeaders(request: IncomingMessage): Readonly<Record<string, string>> {
  return {
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": request.headers["access-control-request-headers"] ?? "",
    "access-control-max-age": "600",
  };
}

/** Takes the same time for every wrong token. */
function isToken(header: string | undefined, token: string): boolean {
  const given = /^bearer +(.+)$/i.exec(header ?? "")?.[1] ?? "";
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}

/** The token that a file holds. @throws {WE_SERVE_TOKEN_FILE} */
export function readToken(path: string): string {
  const refuse = (reason: string): Error => fail("WE_SERVE_TOKEN_FILE", { path, reason });
  let text: string;
  try {
    const { mode, size } = statSync(path);
    if (process.platform !== "win32" && (mode & 0o077) !== 0) throw refuse("other users may read it");
    if (size > tokenBytesMax) throw refuse(`it has more than ${tokenBytesMax} bytes`);
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException; // of node:fs, or the refusal above
    throw code?.startsWith("WE_") === true ? error : refuse(code ?? message);
  }
  if (text.length < tokenBytesMin) throw refuse(`it has ${text.length} characters`);
  if (!/^[\x21-\x7e]+$/.test(text)) throw refuse("it has characters that no header holds");
  return text;
}
