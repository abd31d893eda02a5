/**
 * A server of files on loopback that misbehaves as it is told, request by request, and speaks the interface of Hugging
 * Face's hub for the repositories that it is given.
 */

import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What is done to one request; then the next deed of the path has its turn, and at last none. */
export type Deed =
  | { readonly kind: "cut" | "stall"; readonly after: number }
  | { readonly kind: "status"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly kind: "redirect"; readonly to: string }
  /** The length that is announced is longer by so many bytes, or shorter. */
  | { readonly kind: "length"; readonly more: number }
  | { readonly kind: "whole" }
  | { readonly kind: "shifted" }
  | { readonly kind: "packed" }
  /** From then on the file has another content. */
  | { readonly kind: "change"; readonly to: Uint8Array };

export interface Asked {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
}

export class FileServer {
  readonly asked: Asked[] = [];
  readonly #files = new Map<string, Uint8Array>();
  readonly #deeds = new Map<string, Deed[]>();
  readonly #server: Server;
  /** Without them nobody knows whether a part still fits. */
  hasMarks = true;

  private constructor(server: Server) {
    this.#server = server;
    server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      this.#answer(request, response);
    });
  }

  static async open(): Promise<FileServer> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new FileServer(server);
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo; // it listens on a port
    return `http://127.0.0.1:${port}`;
  }

  /** Requests of a path, as their ranges. */
  ranges(path: string): readonly string[] {
    return this.asked.filter((asked) => asked.path === path).map(({ headers }) => headers.range ?? "whole");
  }

  put(path: string, content: Uint8Array | string, ...deeds: readonly Deed[]): this {
    this.#files.set(path, typeof content === "string" ? Buffer.from(content) : content);
    this.#deeds.set(path, [...deeds]);
    return this;
  }

  /** A repository of a hub: its list at every name of `revisions`, and its files at the commit. */
  repository(
    name: string,
    files: Readonly<Record<string, Uint8Array | string>>,
    {
      commit = "c".repeat(40),
      revisions = ["main"],
    }: { commit?: string; revisions?: readonly string[] } = {},
  ): this {
    const siblings = Object.entries(files).map(([path, content]) => {
      const bytes = typeof content === "string" ? Buffer.from(content) : content;
      this.put(`/${name}/resolve/${commit}/${path}`, bytes);
      const blob = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      const isLarge = /\.(onnx|onnx_data|safetensors|gguf)$/.test(path);
      const lfs = isLarge ? { lfs: { sha256, size: bytes.length, pointerSize: 130 } } : {};
      return { rfilename: path, size: bytes.length, blobId: blob, ...lfs };
    });
    const list = JSON.stringify({ id: name, sha: commit, siblings });
    for (const revision of [commit, ...revisions]) this.put(`/api/models/${name}/revision/${revision}`, list);
    return this;
  }

  /** Next requests of a path are met with these. */
  will(path: string, ...deeds: readonly Deed[]): this {
    this.#deeds.set(path, [...deeds]);
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url ?? "/", this.url).pathname);
    this.asked.push({ path, headers: request.headers });
    const deed = this.#deeds.get(path)?.shift();
    if (deed?.kind === "change") this.#files.set(path, deed.to);
    const file = this.#files.get(path);
    if (deed?.kind === "status") return void response.writeHead(deed.status, deed.headers).end("no");
    if (deed?.kind === "redirect") return void response.writeHead(302, { location: deed.to }).end();
    if (file === undefined) return void response.writeHead(404).end("not here");
    const etag = `"${createHash("sha256").update(file).digest("hex").slice(0, 16)}"`;
    const range = /^bytes=(\d+)-$/.exec(request.headers.range ?? "");
    const fits = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const start = range === null || !fits || deed?.kind === "whole" ? 0 : Number(range[1]);
    const marks = this.hasMarks ? { etag } : {};
    if (start > file.length || (start === file.length && start > 0))
      return void response.writeHead(416, { ...marks, "content-range": `bytes */${file.length}` }).end();
    const body = file.subarray(start);
    const shift = deed?.kind === "shifted" ? 1 : 0;
    const end = `${file.length - 1}/${file.length}`;
    const headers = {
      ...marks,
      ...(deed?.kind === "packed" ? { "content-encoding": "gzip" } : {}),
      "content-length": String(body.length + (deed?.kind === "length" ? deed.more : 0)),
      ...(start > 0 || shift > 0 ? { "content-range": `bytes ${start + shift}-${end}` } : {}),
    };
    response.writeHead(start > 0 || shift > 0 ? 206 : 200, headers);
    this.#send(response, body, deed);
  }

  #send(response: ServerResponse, body: Uint8Array, deed: Deed | undefined): void {
    if (deed?.kind === "cut" || deed?.kind === "stall") {
      response.write(body.subarray(0, deed.after), () => {
        if (deed.kind === "cut") response.destroy();
      });
      return;
    }
    if (deed?.kind === "length") {
      // Past the library, which keeps its word about lengths.
      response.flushHeaders();
      response.socket?.end(body);
      return;
    }
    response.end(body);
  }
}
