/**
 * A package registry that lives as long as a check: it serves packed workspaces as if they were published, and asks the
 * registry that npm is configured for about everything else, once. Loopback only, no accounts, nothing on disk.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import type { PackedPackage } from "../pack-lists.js";
import { manifestOf } from "../pack-lists.js";

export interface RegistryOptions {
  readonly packed: readonly PackedPackage[];
  /** Folder of the tarballs. */
  readonly tarballs: string;
  /** Registry that knows every other package; its address ends in a slash. */
  readonly upstream: string;
}

export interface ThrowAwayRegistry {
  /** With a slash at its end, as npm writes it. */
  readonly address: string;
  /** What was asked for that neither the packed workspaces nor upstream have. */
  readonly unknown: readonly string[];
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

const tarballsPath = "/-/packed/";
const json = "application/json";

export async function startRegistry(options: RegistryOptions): Promise<ThrowAwayRegistry> {
  const unknown: string[] = [];
  const fetched = new Map<string, Promise<Answer>>();
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/");
    const answer =
      ownAnswer(path, address, options) ?? (await foreignAnswer(request, { address, fetched, options }));
    if (answer.status === 404) unknown.push(path);
    response.writeHead(answer.status, {
      "content-type": answer.type,
      "content-length": answer.body.length,
      // Another check on the same port serves other bytes under the same name.
      "cache-control": "no-cache",
      etag: `"${createHash("sha256").update(answer.body).digest("hex")}"`,
    });
    response.end(request.method === "HEAD" ? undefined : answer.body);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      response.writeHead(502, { "content-type": json });
      response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const place = server.address();
  const port = typeof place === "object" && place !== null ? place.port : 0;
  const address = `http://127.0.0.1:${port}/`;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { address, unknown, close };
}

/** What the packed workspaces have under that path. */
function ownAnswer(path: string, address: string, { packed, tarballs }: RegistryOptions): Answer | undefined {
  if (path.startsWith(tarballsPath)) {
    const filename = packed.find((entry) => path === tarballsPath + entry.filename)?.filename;
    if (filename === undefined) return undefined;
    return { status: 200, type: "application/octet-stream", body: readFileSync(join(tarballs, filename)) };
  }
  const entry = packed.find(({ name }) => path === `/${name}`);
  if (entry === undefined) return undefined;
  const tarball = `${address}${tarballsPath.slice(1)}${entry.filename}`;
  const body = Buffer.from(JSON.stringify(packument(entry, tarball, join(tarballs, entry.filename))));
  return { status: 200, type: json, body };
}

/** The document that a registry has about a package. */
function packument({ name, folder, files }: PackedPackage, tarball: string, path: string): object {
  const bytes = readFileSync(path);
  const manifest = manifestOf(folder);
  const dist = {
    tarball,
    integrity: `sha512-${createHash("sha512").update(bytes).digest("base64")}`,
    shasum: createHash("sha1").update(bytes).digest("hex"),
    fileCount: files.length,
  };
  const version = { ...manifest, dist };
  return {
    name,
    "dist-tags": { latest: manifest.version },
    versions: { [manifest.version]: version },
  };
}

interface Forwarding {
  readonly address: string;
  readonly fetched: Map<string, Promise<Answer>>;
  readonly options: RegistryOptions;
}

/** What upstream says, asked once per path and form. Only reading is forwarded. */
async function foreignAnswer(
  request: IncomingMessage,
  { address, fetched, options }: Forwarding,
): Promise<Answer> {
  if (request.method !== "GET" && request.method !== "HEAD")
    return { status: 405, type: json, body: Buffer.from("{}") };
  const path = (request.url ?? "/").slice(1);
  const accept = request.headers.accept ?? "*/*";
  const key = `${accept} ${path}`;
  const known = fetched.get(key) ?? askUpstream(new URL(path, options.upstream), accept);
  fetched.set(key, known);
  const { status, type, body } = await known;
  if (!type.includes("json")) return { status, type, body };
  // Tarballs come through here as well.
  const own = body.toString("utf8").replaceAll(options.upstream, address);
  return { status, type, body: Buffer.from(own) };
}

async function askUpstream(url: URL, accept: string): Promise<Answer> {
  const response = await fetch(url, { headers: { accept } });
  const body = Buffer.from(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type") ?? json, body };
}
