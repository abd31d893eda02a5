/**
 * The native runtime. It is installed by `node scripts/dist/install-test-tools.js` into `.wasm-engine/native` of the
 * repository, as `wasm-engine setup native` does in a project; where it is absent these tests are skipped and say so.
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createInferenceService } from "../service/inference-service.js";
import {
  ModelFolder,
  answerJson,
  answerText,
  folderOf,
  fourBit,
  jsonRequest,
  mlp,
  rowRequests,
  softplusMean,
} from "../testing/sample-models.js";
import { installNativeRuntime } from "./native-install.js";
import { nativeRuntime, nativeRuntimeVersion } from "./native-runtime.js";

const native = fileURLToPath(new URL("../../../../.wasm-engine/native", import.meta.url));
const absent = nativeRuntime([native]);
const skip =
  typeof absent === "string" ? `${absent}; for these tests: node scripts/dist/install-test-tools.js` : false;

test(
  "native kernels: each model gets the mode that keeps its bits, and answers like wasm",
  { skip },
  async () => {
    const service = createInferenceService({ nativeFrom: [native] });
    const models = [
      { name: "mlp", bytes: mlp(), columns: 4, mode: /^exact$/ },
      // Vector loops and their scalar ends differ in the last bit where a width is odd, on every processor so far.
      { name: "softplus", bytes: softplusMean(37), columns: 37, mode: /^serial$/ },
      // One row has a kernel of its own; which processors have it differs, so only the promise about bits is tested.
      { name: "four-bit", bytes: fourBit(), columns: 64, mode: /^(exact|min-2-rows|serial)$/ },
    ];
    for (const { name, bytes, columns, mode } of models) {
      using folder = folderOf(bytes);
      const facts = await service.load({ name, dir: folder.path, providers: ["cpu"] });
      await service.load({ name: `${name}-wasm`, dir: folder.path, providers: ["wasm"] });
      assert.match(facts.batchMode, mode, name);
      assert.equal(facts.fingerprintParts["runtime"], `onnxruntime-node ${nativeRuntimeVersion}`);
      assert.equal(facts.fingerprintParts["platform"], `${process.platform}/${process.arch}`);
      const requests = [...rowRequests(41, columns), jsonRequest(Array.from({ length: columns }, () => 0.5))];
      const together = (await service.run(name, requests)).responses;
      for (const [index, request] of requests.entries())
        assert.equal(
          answerText((await service.run(name, [request])).responses[0]),
          answerText(together[index]),
          name,
        );
      const near = answerJson((await service.run(`${name}-wasm`, requests)).responses.at(-1)) as number[];
      (answerJson(together.at(-1)) as number[]).forEach((value, index) => {
        const other = near[index] ?? Infinity;
        assert.ok(
          Math.abs(value - other) <= 1e-4 * Math.max(1, Math.abs(other)),
          `${name}: ${value} and ${other}`,
        );
      });
    }
    await service.close();
  },
);

test(
  "native: cuda, tensorrt and another system's provider fall back to cpu with reasons",
  { skip },
  async () => {
    const service = createInferenceService({ nativeFrom: [native] });
    using folder = folderOf(mlp());
    const foreign = process.platform === "darwin" ? "dml" : "coreml";
    const facts = await service.load({
      name: "m",
      dir: folder.path,
      providers: ["cuda", "tensorrt", foreign, "cpu", "wasm"],
    });
    assert.equal(facts.provider, "cpu");
    assert.deepEqual(
      facts.refused.map(({ provider }) => provider),
      ["cuda", "tensorrt", foreign],
    );
    const strict = createInferenceService({ nativeFrom: [native], strict: true });
    await assert.rejects(strict.load({ name: "m", dir: folder.path, providers: [foreign, "cpu"] }), {
      code: "WE_MODEL_STRICT",
    });
    await Promise.all([service.close(), strict.close()]);
  },
);

test("native: answers are equal in processes of their own", { skip }, async () => {
  const program = fileURLToPath(new URL("../testing/answers-program.js", import.meta.url));
  const run = async (): Promise<string> =>
    (await promisify(execFile)(process.execPath, [program, "cpu", native])).stdout;
  const [one, two] = [await run(), await run()];
  assert.match(one, /^[0-9a-f]{64}\n$/);
  assert.equal(one, two);
});

test(
  "native: closing while a run is under way waits for it, and the process ends well",
  { skip },
  async () => {
    using folder = folderOf(mlp({ columns: 512, hidden: 2048, classes: 512 }));
    const module = fileURLToPath(new URL("../index.js", import.meta.url));
    const samples = fileURLToPath(new URL("../testing/sample-models.js", import.meta.url));
    const source = `
    import { createInferenceService } from ${JSON.stringify(module)};
    import { rowRequests } from ${JSON.stringify(samples)};
    const service = createInferenceService({ nativeFrom: [${JSON.stringify(native)}] });
    await service.load({ name: "m", dir: ${JSON.stringify(folder.path)}, providers: ["cpu"] });
    const run = service.run("m", rowRequests(64, 512));
    await service.close();
    const { responses } = await run;
    console.log(responses.filter(({ ok }) => ok).length);
    process.exit(0);`;
    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source]);
    assert.equal(stdout.trim(), "64");
  },
);

test("another version of onnxruntime-node is not used, and where none is found the way to get it is named", () => {
  using folder = new ModelFolder({
    "node_modules/onnxruntime-node/package.json": {
      name: "onnxruntime-node",
      version: "1.22.0",
      main: "index.js",
    },
    "node_modules/onnxruntime-node/index.js": 'exports.env = { versions: { node: "1.22.0" } };',
  });
  assert.equal(
    nativeRuntime([folder.path]),
    "onnxruntime-node 1.22.0 is installed, 1.30.0 is needed: npx wasm-engine setup native",
  );
  folder.write(
    "node_modules/onnxruntime-node/index.js",
    'throw new TypeError("libonnxruntime.so.1: no such file");',
  );
  using broken = new ModelFolder({
    "node_modules/onnxruntime-node/package.json": {
      name: "onnxruntime-node",
      version: "1.30.0",
      main: "index.js",
    },
    "node_modules/onnxruntime-node/index.js": 'throw new TypeError("libonnxruntime.so.1: no such file");',
  });
  assert.equal(
    nativeRuntime([broken.path]),
    "onnxruntime-node cannot be loaded: libonnxruntime.so.1: no such file",
  );
  using empty = new ModelFolder({});
  const found = nativeRuntime([empty.path]);
  if (typeof found === "string")
    assert.equal(found, "onnxruntime-node is not installed: npx wasm-engine setup native");
});

test("[G10] an installation that fails says why, and leaves nothing that counts as one", async () => {
  using folder = new ModelFolder({});
  const environment = { npm_config_offline: "true", npm_config_cache: join(folder.path, "cache") };
  await assert.rejects(installNativeRuntime(join(folder.path, "native"), { environment }), {
    code: "WE_NATIVE_INSTALL",
    exitCode: 4,
    message: /npm ended with 1: /,
  });
  await assert.rejects(
    installNativeRuntime(join(folder.path, "other"), { environment: { PATH: "/nowhere" } }),
    {
      code: "WE_NATIVE_INSTALL",
      message: /npm cannot be started/,
    },
  );
});

test("an installation that is there is left alone", async () => {
  using folder = new ModelFolder({});
  const marker = join(folder.path, "node_modules/onnxruntime-node", `.installed-${nativeRuntimeVersion}`);
  mkdirSync(dirname(marker), { recursive: true });
  writeFileSync(marker, "");
  await installNativeRuntime(folder.path, { environment: { PATH: "/nowhere" } });
});
