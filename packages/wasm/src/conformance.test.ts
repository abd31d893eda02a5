/** The official test suite against the validator: valid modules pass, invalid and malformed ones do not. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { EngineError } from "@wasm-engine/abi";
import { CONFORMANCE_ABSENT, readConformance } from "./testing/conformance.js";
import type { ConformanceArchive } from "./testing/conformance.js";
import { engineAccepts } from "./testing/web-assembly.js";
import { validate } from "./validator.js";
import type { Profile } from "./module-draft.js";

/** Code and refused feature of the error, or `undefined` where the module is accepted. */
function refusal(
  bytes: Uint8Array,
  profile: Profile,
): { code: string; feature: string | undefined } | undefined {
  try {
    validate(bytes, { profile });
    return undefined;
  } catch (error) {
    assert.ok(EngineError.is(error), `only coded errors escape: ${String(error)}`);
    return { code: error.code, feature: error.details["feature"] as string | undefined }; // as featureRefused makes it
  }
}

function archive(
  name: ConformanceArchive,
  skip: (message: string) => void,
): ReturnType<typeof readConformance> {
  const files = readConformance(name);
  if (files === undefined) skip(CONFORMANCE_ABSENT);
  return files;
}

test("every module of the 2.0 suite that must be valid is valid", (context) => {
  const files = archive("webassembly-spec-2.0-half", (message) => context.skip(message));
  if (files === undefined) return;
  const failures: string[] = [];
  let valid = 0;
  for (const file of files) {
    for (const command of file.commands) {
      const runs = ["module", "assert_unlinkable", "assert_uninstantiable"].includes(command.type);
      if (!runs || command.filename === undefined || command.module_type === "text") continue;
      const refused = refusal(file.module(command.filename), "conformance");
      if (refused === undefined) valid += 1;
      else failures.push(`${file.name}:${command.line} ${refused.code} ${refused.feature ?? ""}`);
    }
  }
  assert.deepEqual(failures, []);
  assert.ok(valid > 400, `${valid} modules`);
  context.diagnostic(`${valid} modules valid`);
});

test("every binary module of the 2.0 suite that must be refused is refused", (context) => {
  const files = archive("webassembly-spec-2.0-half", (message) => context.skip(message));
  if (files === undefined) return;
  const accepted: string[] = [];
  const codes = new Map<string, number>();
  let refusedCount = 0;
  for (const file of files) {
    for (const command of file.commands) {
      if (command.type !== "assert_invalid" && command.type !== "assert_malformed") continue;
      if (command.module_type !== "binary" || command.filename === undefined) continue;
      const refused = refusal(file.module(command.filename), "conformance");
      if (refused === undefined) accepted.push(`${file.name}:${command.line} ${command.text ?? ""}`);
      else codes.set(refused.code, (codes.get(refused.code) ?? 0) + 1);
      refusedCount += refused === undefined ? 0 : 1;
    }
  }
  assert.deepEqual(accepted, []);
  assert.ok(refusedCount > 1_000, `${refusedCount} modules`);
  context.diagnostic(`${refusedCount} refused: ${JSON.stringify(Object.fromEntries(codes))}`);
});

test("valid modules pass the agent profile or are refused for a named feature", (context) => {
  const files = archive("webassembly-spec-2.0-half", (message) => context.skip(message));
  if (files === undefined) return;
  const features = new Map<string, number>();
  for (const file of files) {
    for (const command of file.commands) {
      if (command.type !== "module" || command.filename === undefined) continue;
      const refused = refusal(file.module(command.filename), "agent");
      if (refused === undefined) continue;
      const where = `${file.name}:${command.line}`;
      assert.ok(
        ["WE_MODULE_FEATURE_REFUSED", "WE_MODULE_LIMIT"].includes(refused.code),
        `${where} ${refused.code}`,
      );
      const key = refused.code === "WE_MODULE_LIMIT" ? where : (refused.feature ?? "");
      features.set(key, (features.get(key) ?? 0) + 1);
    }
  }
  assert.ok(features.size > 0, "the suite uses refused features");
  context.diagnostic(JSON.stringify(Object.fromEntries(features)));
});

test("modules that need features of 3.0 are refused with a code, in both profiles", (context) => {
  const files = archive("webassembly-3.0-refused", (message) => context.skip(message));
  if (files === undefined) return;
  const features = new Map<string, number>();
  const accepted: string[] = [];
  for (const file of files) {
    for (const command of file.commands) {
      if (command.filename === undefined || command.module_type === "text") continue;
      const bytes = file.module(command.filename);
      const refused = refusal(bytes, "conformance");
      const agent = refusal(bytes, "agent");
      const where = `${file.name}:${command.line}`;
      if (refused === undefined) {
        assert.ok(engineAccepts(bytes), `${where} is accepted, but needs a newer engine`);
        if (command.type === "module") accepted.push(where);
        else assert.ok(!command.type.startsWith("assert_"), `${where} is accepted`);
        continue;
      }
      assert.notEqual(agent, undefined, where);
      if (command.type === "module") assert.equal(refused.code, "WE_MODULE_FEATURE_REFUSED", where);
      const key = refused.feature ?? refused.code;
      features.set(key, (features.get(key) ?? 0) + 1);
    }
  }
  context.diagnostic(`${JSON.stringify(Object.fromEntries(features))}, accepted: ${accepted.join(" ")}`);
  for (const feature of ["memory64", "multi-memory", "relaxed-simd", "tail-calls"]) {
    assert.ok((features.get(feature) ?? 0) > 0, `${feature} occurs and is refused`);
  }
});
