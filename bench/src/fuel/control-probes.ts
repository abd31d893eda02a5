/** Probes of what has no operands to chain: branches, calls, globals, locals, memory as a whole, tables, the host. */

import { copies, loopModule, repeat, typeLetters, typeNames } from "./fuel-probe.js";
import type { FuelProbe, ProbeClass, LoopParts } from "./fuel-probe.js";

function probe(name: string, cost: ProbeClass, parts: LoopParts, more: Partial<FuelProbe> = {}): FuelProbe {
  return { name, cost, text: loopModule(parts), ...more };
}

const few = copies / 4;
const step = "(local.set $ai (i32.add (local.get $ai) (local.get $zi)))";

const plain: readonly FuelProbe[] = [
  probe(
    "local.get, local.set",
    "basic",
    {
      body: repeat(
        copies,
        () => "(local.get $k) (local.set $ai) (local.get $m) (local.set $k) (local.get $ai) (local.set $m)",
      ),
    },
    { removable: true },
  ),
  probe(
    "local.tee",
    "basic",
    { body: repeat(copies, () => "(drop (local.tee $k (local.get $ai)))") },
    { removable: true },
  ),
  ...typeLetters.map((letter) => {
    const work = repeat(copies, () => `(local.get $z${letter}) (local.get $zi) select`);
    return probe(`select ${typeNames[letter]}`, "basic", {
      body: `(local.get $a${letter}) ${work} (local.set $a${letter})`,
    });
  }),
  ...(["i", "l", "f", "d", "v"] as const).map((letter) => {
    const type = typeNames[letter];
    const zero = letter === "v" ? "(v128.const i32x4 0 0 0 0)" : `(${type}.const 0)`;
    const add = { i: "i32.add", l: "i64.add", f: "f32.abs", d: "f64.abs", v: "v128.not" }[letter];
    const second = letter === "i" || letter === "l" ? `(local.get $z${letter})` : "";
    return probe(`global ${type}`, "global", {
      fields: `(global $g (mut ${type}) ${zero})`,
      body: repeat(copies, () => `(global.get $g) ${second} ${add} (global.set $g)`),
    });
  }),
  probe("memory.size", "memory-size", {
    body: `(local.get $ai) ${repeat(copies, () => "memory.size i32.add")} (local.set $ai)`,
  }),
  probe("memory.grow by 0", "memory-grow", {
    body: repeat(few, () => "(local.set $ai (i32.add (local.get $ai) (memory.grow (i32.const 0))))"),
  }),
  probe("memory.grow refused", "memory-grow", {
    body: repeat(few, () => "(local.set $ai (i32.add (local.get $ai) (memory.grow (i32.const 1))))"),
  }),
];

const branches: readonly FuelProbe[] = [
  probe("loop without body", "branch", {
    body: `(local.set $k (i32.const 200))
      (loop $inner (br_if $inner (local.tee $k (i32.sub (local.get $k) (i32.const 1)))))`,
  }),
  probe("br_if, not taken", "branch", {
    body: repeat(copies, () => `(block (br_if 0 (i32.eqz (local.get $zi))) ${step})`),
  }),
  probe("br_if, taken", "branch", {
    body: repeat(copies, () => `${step} (block (br_if 0 (local.get $ai)) (local.set $k (local.get $ai)))`),
  }),
  probe("if, else", "branch", {
    body: repeat(
      copies,
      () =>
        `(if (i32.and (local.get $ai) (i32.const 1)) (then ${step})
          (else (local.set $ai (i32.sub (local.get $ai) (i32.const 2)))))`,
    ),
  }),
  probe("br with 16 values", "branch", {
    fields: `(type $wide (func (result ${"i64 ".repeat(16)})))`,
    body: repeat(few, () => {
      const values = "(local.get $al) ".repeat(16);
      return `(block (type $wide) (i32.const 7) ${values}
        (br_if 0 (local.get $zi)) ${"drop ".repeat(16)} drop ${values})
        (local.set $al) ${"drop ".repeat(15)}`;
    }),
  }),
  probe("br", "branch", { body: repeat(copies, () => `(block (br 0)) ${step}`) }, { removable: true }),
  ...[2, 16, 1000].map((targets) =>
    probe(`br_table of ${targets}`, "branch-table", {
      body: repeat(targets > 100 ? 1 : few, () => {
        const labels = repeat(targets - 1, (index) => String(index % 2));
        return `(block (block (br_table ${labels} 1
          (i32.and (local.get $ai) (i32.const 15))))) ${step}`;
      }),
    }),
  ),
];

function manyParameters(count: number): string {
  return `(func $leaf (param ${"i64 ".repeat(count)}) (result i32) (i32.wrap_i64 (local.get ${count - 1})))`;
}

const calls: readonly FuelProbe[] = [
  probe(
    "call of an empty function",
    "call",
    {
      fields: "(func $leaf)",
      body: repeat(copies, () => "(call $leaf)"),
    },
    { removable: true },
  ),
  probe("call", "call", {
    fields:
      "(global $g (mut i32) (i32.const 0)) (func $leaf (global.set $g (i32.add (global.get $g) (i32.const 1))))",
    body: repeat(few, () => "(call $leaf)"),
  }),
  probe("call, recursive", "call", {
    fields: `(func $down (param i32) (result i32) (if (result i32) (i32.eqz (local.get 0)) (then (i32.const 1))
      (else (i32.add (call $down (i32.sub (local.get 0) (i32.const 1))) (i32.const 1)))))`,
    body: "(local.set $ai (i32.add (local.get $ai) (call $down (i32.const 100))))",
  }),
  ...[10, 100].map((count) =>
    probe(`call with ${count} parameters`, "call", {
      fields: manyParameters(count),
      body: repeat(few, () => `(local.set $ai (call $leaf ${"(local.get $al) ".repeat(count)}))`),
    }),
  ),
  probe("call with 16 results", "call", {
    fields: `(global $g (mut i64) (i64.const 1)) (func $leaf (result ${"i64 ".repeat(16)})
      (global.set $g (i64.add (global.get $g) (i64.const 1))) ${"(global.get $g) ".repeat(16)})`,
    body: repeat(few, () => `(call $leaf) ${"drop ".repeat(15)} (local.set $al)`),
  }),
  probe("call_indirect", "call-indirect", {
    fields: `(type $t (func (param i32) (result i32))) (table funcref (elem $f))
      (func $f (type $t) (i32.add (local.get 0) (i32.const 1)))`,
    body: `(local.get $ai) ${repeat(few, () => "(call_indirect (type $t) (i32.const 0))")} (local.set $ai)`,
  }),
  ...[16, 1000].flatMap((count) =>
    (["i64", "v128"] as const).map((type) =>
      probe(
        `entry with ${count} locals ${type}`,
        "entry",
        {
          fields: `(func $f (param i32) (result i32) (local ${`${type} `.repeat(count)}) (local.get 0))`,
          body: `(local.get $ai) ${repeat(few, () => "call $f")} (local.set $ai)`,
        },
        { removable: true },
      ),
    ),
  ),
  probe("host call without parameters", "host-call", {
    fields: `(import "wasm_engine" "tick" (func $tick (result i64)))`,
    body: repeat(few, () => "(local.set $al (i64.add (local.get $al) (call $tick)))"),
  }),
  probe("host call with 3 parameters", "host-call", {
    fields: `(import "wasm_engine" "lookup" (func $lookup (param i32 i32 i32) (result i32)))`,
    body: repeat(
      few,
      () =>
        "(local.set $ai (i32.add (local.get $ai) (call $lookup (local.get $zi) (local.get $ai) (local.get $k))))",
    ),
  }),
];

const mebibyte = 1 << 20;

function bulkProbes(bytes: number): FuelProbe[] {
  const count = bytes >= 65_536 ? 1 : few;
  const pages = Math.max(4, (3 * bytes) / 65_536 + 1);
  const at = (offset: number): string => `(i32.const ${4096 + offset})`;
  const size =
    bytes >= mebibyte ? `${bytes / mebibyte} MiB` : bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
  const copy = `(memory.copy ${at(bytes)} ${at(0)} (i32.const ${bytes}))`;
  const fill = `(memory.fill ${at(0)} (local.get $zi) (i32.const ${bytes}))`;
  return [
    probe(`memory.copy of ${size}`, "bulk", { pages, body: repeat(count, () => copy) }),
    probe(`memory.fill of ${size}`, "bulk", { pages, body: repeat(count, () => fill) }),
  ];
}

const bulk: readonly FuelProbe[] = [
  ...[0, 16, 256, 4096, 65_536, mebibyte, 16 * mebibyte].flatMap(bulkProbes),
  probe("memory.init of 4 KiB", "bulk", {
    fields: `(data $d "${"\\5a".repeat(4096)}")`,
    body: repeat(few, () => "(memory.init $d (i32.const 4096) (i32.const 0) (i32.const 4096))"),
  }),
  probe("data.drop", "bulk", {
    fields: `(data $d "abc")`,
    body: repeat(few, () => "(data.drop $d)"),
  }),
  probe(
    "table.size",
    "table",
    {
      fields: "(table $t 10 funcref)",
      body: `(local.get $ai) ${repeat(few, () => "(table.size $t) i32.add")} (local.set $ai)`,
    },
    { removable: true },
  ),
  probe("table.get, ref.is_null", "table", {
    fields: "(table $t 16 funcref)",
    body: repeat(
      few,
      () =>
        `(local.set $ai (i32.add (local.get $ai) (ref.is_null (table.get $t (i32.and (local.get $ai) (i32.const 15))))))`,
    ),
  }),
  probe("ref.func", "basic", {
    fields: "(table $t funcref (elem $f)) (func $f)",
    body: repeat(few, () => "(local.set $ai (i32.add (local.get $ai) (ref.is_null (ref.func $f))))"),
  }),
];

export const controlProbes: readonly FuelProbe[] = [...plain, ...branches, ...calls, ...bulk];
