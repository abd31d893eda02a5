/** `assets/manifest.json`: what each binary artefact is, which licence it has and how it is made. */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface AssetOrigin {
  readonly path: string;
  readonly licence: string;
  readonly origin: string;
  readonly script: string;
}

const origins: readonly AssetOrigin[] = [
  {
    path: "quickjs/quickjs-agent-base.wasm",
    licence: "MIT (QuickJS-ng and quickjs-wasi, see quickjs/LICENSE-quickjs-wasi.txt), Apache-2.0 (glue)",
    origin:
      "npm quickjs-wasi@3.6.2 quickjs.wasm, merged with sdk/javascript/guest by binaryen 132.0.0 and clang 14.0.6",
    script: "scripts/src/build-quickjs-base.ts",
  },
  ...["courier", "mixer", "notary", "stamp"].map((name): AssetOrigin => {
    return {
      path: `golden/abi-1.0/${name}.wasm`,
      licence:
        name === "courier" ? "MIT (QuickJS-ng and quickjs-wasi), Apache-2.0 (glue, source)" : "Apache-2.0",
      origin: `examples/relay/agents/${name}, built once and signed with the published key of spec/vectors`,
      script: "scripts/src/make-golden-modules.ts",
    };
  }),
  {
    path: "golden/semantics-1/airports.bundle",
    licence: "Apache-2.0; flights: public domain (US Bureau of Transportation Statistics)",
    origin: "examples/airports, the first 800 ticks, recorded by the last commit of semantics 1",
    script: "none: the verbs run and bundle of that commit",
  },
  ...["parent", "fork", "fork-of-fork"].map((name): AssetOrigin => {
    return {
      path: `golden/semantics-2/${name}.bundle`,
      licence: "Apache-2.0",
      origin: "the golden modules of ABI 1.0 in a world of 150 ticks, its fork, and a fork of that",
      script: "scripts/src/make-golden-runs.ts",
    };
  }),
  ...["onnx/model.onnx", "onnx/model_q4.onnx", "tokenizer.json"].map((file): AssetOrigin => {
    return {
      path: `models/understudy/${file}`,
      licence: "Apache-2.0; trained on plays in the public domain",
      origin: "tinyshakespeare, 1.1 MB of plays, by models/understudy/build/train.py",
      script: "scripts/src/build-understudy.ts",
    };
  }),
];

/** Text of the manifest for the assets as they are in the repository at `root`. */
export function assetManifest(root: string): string {
  const assets = origins.map((asset) => {
    const content = readFileSync(join(root, "assets", asset.path));
    const sha256 = createHash("sha256").update(content).digest("hex");
    return { ...asset, bytes: content.length, sha256 };
  });
  return `${JSON.stringify({ version: 1, assets }, undefined, 2)}\n`;
}
