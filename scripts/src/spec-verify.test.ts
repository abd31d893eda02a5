/** The auditor's verifier of `spec/verify` on real runs: it agrees with the engine and finds every changed byte. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { pathToFileURL } from "node:url";
import { repositoryRoot } from "./tidy/source-tree.js";

interface Verdict {
  readonly ok: boolean;
  readonly chainHead?: string;
  readonly genesisDigest?: string;
  readonly records?: number;
  readonly inputs?: number;
  readonly commits?: number;
  readonly torn?: string;
  readonly damage?: string;
}

const program = join(repositoryRoot, "apps/cli/bin/wasm-engine.js");
const source = join(repositoryRoot, "spec/verify/verify.mjs");
// It exports this function.
const { verify } = (await import(pathToFileURL(source).href)) as {
  readonly verify: (run: string, expectedHead?: string) => Verdict;
};
const folder = mkdtempSync(join(tmpdir(), "spec-verify-"));
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

function cli(...line: readonly string[]): Record<string, unknown> {
  const output = execFileSync(process.execPath, [program, ...line, "--json"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  return JSON.parse(output.toString()) as Record<string, unknown>; // the contract of --json
}

function runOf(example: string, ticks: number): string {
  const dir = join(folder, `${example}-${ticks}`);
  cli(
    "run",
    join(repositoryRoot, "examples", example, "engine.yaml"),
    "--ticks",
    String(ticks),
    "--dir",
    dir,
  );
  return dir;
}

/** What is said of a file in which one byte is changed; the file is as before afterwards. */
function changed(run: string, path: string, offset: number, mask: number): Verdict {
  const bytes = readFileSync(path);
  bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  writeFileSync(path, bytes);
  const verdict = verify(run);
  bytes[offset] = (bytes[offset] ?? 0) ^ mask;
  writeFileSync(path, bytes);
  return verdict;
}

test("the auditor's verifier imports nothing but Node, in less than 300 lines", () => {
  const text = readFileSync(source, "utf8");
  assert.ok(text.split("\n").length <= 300);
  const imports = [...text.matchAll(/from "([^"]+)"|import\("([^"]+)"\)/g)].map((match) => match[1]);
  assert.ok(imports.length > 0 && imports.every((name) => name?.startsWith("node:")), imports.join(" "));
});

test("[G10] every changed byte of a small log is found by the auditor's verifier, and located", () => {
  const run = runOf("relay", 12);
  const path = join(run, "log", "0000000000.seg");
  const whole = verify(run);
  assert.equal(whole.ok, true, whole.damage);
  const { length } = readFileSync(path);
  for (let offset = 0; offset < length; offset++) {
    const mask = offset % 2 === 0 ? 0x01 : 0xff;
    const verdict = changed(run, path, offset, mask);
    assert.equal(verdict.ok, false, `byte ${offset} xor ${mask}`);
    assert.match(verdict.damage ?? "", /0000000000\.seg|segment/, `byte ${offset}`);
  }
  assert.deepEqual(verify(run), whole);
});

test("the auditor's verifier agrees with the engine on a run with inputs", () => {
  const run = runOf("airports", 400);
  const report = cli("verify-log", run);
  const verdict = verify(run, String(report["chainHead"]));
  for (const name of ["ok", "records", "inputs", "commits", "chainHead"] as const) {
    assert.deepEqual(verdict[name], report[name], name);
  }
  assert.ok((verdict.inputs ?? 0) > 100);
  assert.equal(verify(run, "00").ok, false, "another head than expected");
});

test("snapshots, modules, side records and cut logs are held against the chain", () => {
  const run = runOf("relay", 20);
  const whole = verify(run);
  assert.equal(whole.ok, true, whole.damage);
  const damaged = (kind: string): string[] =>
    readdirSync(join(run, kind)).flatMap((name) => {
      const path = join(run, kind, name);
      const { ok, damage = "" } = changed(run, path, readFileSync(path).length - 40, 0x10);
      return ok ? [] : [damage];
    });
  assert.match(damaged("snapshots").join(), /^digest of snapshot/);
  assert.match(damaged("pages").join(), /^pages of snapshot/);
  // The instrumented forms of the modules are no part of the genesis.
  assert.equal(damaged("modules").length, readdirSync(join(run, "modules")).length / 2);
  assert.equal(changed(run, join(run, "side.jsonl"), 30, 0x01).ok, false, "side record");
  const log = join(run, "log", "0000000000.seg");
  const bytes = readFileSync(log);
  writeFileSync(log, bytes.subarray(0, bytes.length - 1));
  assert.equal(verify(run).ok, false, "cut before the synced mark");
  writeFileSync(log, bytes);
  appendFileSync(log, "never acknowledged");
  const torn = verify(run);
  assert.equal(torn.ok, true);
  assert.match(torn.torn ?? "", /never acknowledged/);
  assert.equal(torn.chainHead, whole.chainHead);
});
