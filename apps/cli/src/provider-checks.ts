/** Which execution providers can load a model here, tried with a model of one operator. */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EngineError, TensorType } from "@wasm-engine/abi";
import { PROVIDER_NAMES } from "@wasm-engine/core";
import type { InferenceService, ProviderName } from "@wasm-engine/core";

export interface ProviderCheck {
  readonly provider: ProviderName;
  readonly ok: boolean;
  /** What runs it, or why it cannot be used. */
  readonly found: string;
}

/** Tries every provider. `project`: folder whose native runtime counts. */
export async function providerChecks(project: string): Promise<readonly ProviderCheck[]> {
  const [{ createInferenceService }, { writeOnnxModel }] = await Promise.all([
    import("@wasm-engine/inference"),
    import("@wasm-engine/inference/onnx"),
  ]);
  const dir = mkdtempSync(join(tmpdir(), "wasm-engine-providers-"));
  const service = createInferenceService({ nativeFrom: [join(project, ".wasm-engine", "native"), project] });
  try {
    const bytes = writeOnnxModel({
      graphName: "probe",
      opsets: { "": 17 },
      inputs: [{ name: "x", type: TensorType.FLOAT32, dimensions: ["rows", 2] }],
      outputs: [{ name: "y", type: TensorType.FLOAT32, dimensions: ["rows", 2] }],
      initializers: [],
      nodes: [{ operator: "Relu", inputs: ["x"], outputs: ["y"] }],
    });
    writeFileSync(join(dir, "model.onnx"), bytes);
    writeFileSync(
      join(dir, "model.json"),
      JSON.stringify({ name: "probe", version: "1", file: "model.onnx" }),
    );
    const checks: ProviderCheck[] = [];
    for (const provider of PROVIDER_NAMES) checks.push(await check(service, dir, provider));
    return checks;
  } finally {
    await service.close();
    rmSync(dir, { recursive: true, force: true });
  }
}

async function check(service: InferenceService, dir: string, provider: ProviderName): Promise<ProviderCheck> {
  try {
    const { fingerprintParts } = await service.load({ name: "probe", dir, providers: [provider] });
    return { provider, ok: true, found: fingerprintParts["runtime"] ?? "present" };
  } catch (error) {
    const reasons = EngineError.is(error) ? error.details["reasons"] : undefined;
    return {
      provider,
      ok: false,
      found: typeof reasons === "string" ? reasons.replace(`${provider}: `, "") : String(error),
    };
  }
}
