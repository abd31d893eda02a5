/** The throw-away registry: packed workspaces under their names, everything else from the registry behind it, once. */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { manifestOf } from "../pack-lists.js";
import { startRegistry } from "./throw-away-registry.js";

interface Packument {
  readonly "dist-tags": { readonly latest: string };
  readonly versions: Readonly<
    Record<string, { readonly dist: { readonly tarball: string; readonly integrity: string } }>
  >;
}

test("packed packages are served as published, others are forwarded once, strangers are noted", async () => {
  const tarballs = mkdtempSync(join(tmpdir(), "wasm-engine-registry-"));
  const bytes = Buffer.from("tarball of the package");
  writeFileSync(join(tarballs, "abi.tgz"), bytes);
  const asked: string[] = [];
  let upstream = "";
  const behind = createServer((request, response) => {
    asked.push(request.url ?? "");
    const isKnown = request.url === "/left";
    response.writeHead(isKnown ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(isKnown ? { tarball: `${upstream}left/-/left.tgz` } : {}));
  });
  await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
  upstream = `http://127.0.0.1:${(behind.address() as AddressInfo).port}/`; // it listens on a port
  const name = "@wasm-engine/abi";
  const packed = [{ name, filename: "abi.tgz", folder: "packages/abi", files: [], unpackedSize: 0 }];
  const registry = await startRegistry({ packed, tarballs, upstream });
  try {
    const document = (await (await fetch(`${registry.address}@wasm-engine%2fabi`)).json()) as Packument; // npm's format
    const { version } = manifestOf("packages/abi");
    assert.equal(document["dist-tags"].latest, version);
    const dist = document.versions[version]?.dist;
    assert.ok(dist !== undefined);
    assert.ok(dist.tarball.startsWith(registry.address));
    const served = Buffer.from(await (await fetch(dist.tarball)).arrayBuffer());
    assert.deepEqual(served, bytes);
    assert.equal(dist.integrity, `sha512-${createHash("sha512").update(bytes).digest("base64")}`);
    for (let time = 0; time < 2; time += 1) {
      const left = (await (await fetch(`${registry.address}left`)).json()) as { tarball: string }; // see above
      assert.equal(left.tarball, `${registry.address}left/-/left.tgz`);
    }
    assert.equal((await fetch(`${registry.address}stranger`)).status, 404);
    assert.equal((await fetch(`${registry.address}left`, { method: "PUT", body: "{}" })).status, 405);
    assert.deepEqual(asked, ["/left", "/stranger"]);
    assert.deepEqual(registry.unknown, ["/stranger"]);
  } finally {
    await registry.close();
    behind.close();
    behind.closeAllConnections();
    rmSync(tarballs, { recursive: true, force: true });
  }
  await assert.rejects(fetch(registry.address), "it has ended");
});
