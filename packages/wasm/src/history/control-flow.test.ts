/** Historic bugs of charging along control flow: 1 to 6. */

import assert from "node:assert/strict";
import { InstrumentedStatus } from "@wasm-engine/abi";
import { COSTS } from "../cost-table.js";
import { instrument } from "../instrument.js";
import { assemble } from "../testing/assemble.js";
import { equalToOracle, guestOf, historic } from "../testing/historic-bug.js";
import { MeteredGuest } from "../testing/metered-guest.js";
import { validate } from "../validator.js";

const run = (body: string, locals = ""): string =>
  `(module (memory 1) (func (export "run") (param i32) (result i32) ${locals} ${body}))`;
const dear = "(i32.div_u (i32.const 7) (i32.const 3))";
const dearFuel = BigInt(COSTS.divide + 2 * COSTS.basic);

historic(1, () => {
  const [thenFuel = 0n, elseFuel = 0n] = equalToOracle(
    run(`(if (result i32) (local.get 0) (then ${dear}) (else (i32.const 1)))`),
    [[1], [0]],
  );
  assert.equal(thenFuel - elseFuel, dearFuel - BigInt(COSTS.basic), "one constant instead");
});

historic(
  1,
  () => {
    const nested = `(loop
      (if (i32.and (local.get 0) (i32.const 1)) (then (local.set 1 (i32.add (local.get 1) ${dear}))))
      (if (i32.and (local.get 0) (i32.const 2))
        (then (if (i32.and (local.get 0) (i32.const 4)) (then (local.set 1 ${dear})) (else (nop)))))
      (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1)`;
    equalToOracle(
      run(nested, "(local i32)"),
      [1, 2, 3, 6, 7, 8, 100].map((value) => [value]),
    );
  },
  "if without else, nested in a loop",
);

historic(2, () => {
  const trapping = run(
    `(i32.store (i32.const 0) (i32.const 1)) (block ${`(drop ${dear})`.repeat(50)} unreachable) (i32.const 0)`,
  );
  const guest = guestOf(trapping);
  const cost = 50n * dearFuel;
  assert.equal(guest.call("run", [0], { fuel: cost }).status, InstrumentedStatus.OUT_OF_FUEL);
  const trap = guest.call("run", [0], { fuel: cost + 100n });
  assert.deepEqual([trap.status, trap.outOfFuel], [InstrumentedStatus.NONE, false]);
  assert.match(trap.trap ?? "", /unreachable/);
});

historic(
  2,
  () => {
    const guest = guestOf(
      run(`(loop (block (br_if 0 (i32.lt_u (local.get 0) (i32.const 1000))) unreachable)
        (local.set 0 (i32.add (local.get 0) (i32.const 1))) (br 0)) (i32.const 0)`),
    );
    assert.equal(guest.call("run", [0], { fuel: 5_000n }).status, InstrumentedStatus.OUT_OF_FUEL);
    assert.equal(guest.call("run", [0], { fuel: 50_000n }).status, InstrumentedStatus.NONE);
  },
  "in a loop",
);

historic(3, () => {
  const dead = `(local.set 0 (i32.add (local.get 0) ${dear}))`;
  const bodies = [
    `(block (br 0) ${dead}) (local.get 0)`,
    `(if (local.get 0) (then (return (i32.const 5)) ${dead}) (else ${dead})) (local.get 0)`,
    `(if (local.get 0) (then unreachable ${dead} (if (i32.const 1) (then ${dead}) (else ${dead}))) (else ${dead}))
      (local.get 0)`,
    `(block (block (br 1) (loop ${dead} (br 0))) ${dead}) (local.get 0)`,
    `(if (local.get 0) (then (br 0)) (else (br 0))) ${dead} (local.get 0)`,
    `(if (result i32) (local.get 0) (then unreachable) (else ${dear}))`,
  ];
  for (const body of bodies) equalToOracle(run(body), [[0], [1]]);
});

historic(4, () => {
  const body = `(block $c (block $b (block $a (br_table $a $b $c (local.get 0))) (return ${dear}))
    (return (i32.add ${dear} ${dear}))) (i32.const 9)`;
  const fuel = equalToOracle(
    run(body),
    [0, 1, 2, 3, -1, 0x7fff_ffff].map((value) => [value]),
  );
  assert.equal(new Set(fuel.slice(2)).size, 1, "every large index takes the default");
  const onlyDefault = `(loop (br_table 1 (local.get 0))) (i32.const 3)`;
  equalToOracle(run(`(block ${onlyDefault} drop) (i32.const 3)`), [[0], [5]]);
});

historic(5, () => {
  const indirect = "(drop (call_indirect (type $t) (i32.const 4) (i32.const 0)))";
  const text = `(module (type $t (func (param i32) (result i32))) (table 1 funcref) (elem (i32.const 0) $f)
    (func $f (param i32) (result i32) (local.get 0))
    (func (export "run") (param i32) (result i32) ${indirect.repeat(100)} (local.get 0)))`;
  assert.deepEqual(validate(assemble(text)).maxOperandWords, [1, 2], "argument and index, once");
  equalToOracle(text, [[3]]);
});

historic(6, () => {
  const text = `(module (func $two (param i32) (result i32 i32) (local.get 0) (i32.const 3))
    (func (export "run") (param i32) (result i32)
      (call $two (local.get 0))
      (loop $l (param i32 i32) (result i32)
        (i32.add) (local.set 0)
        (i32.sub (local.get 0) (i32.const 4)) (i32.const 1)
        (br_if $l (i32.gt_s (local.get 0) (i32.const 9)))
        (block (param i32 i32) (result i32 i32) (br_if 0 (local.get 0)) (drop) (drop) (i32.const 1) (i32.const 2))
        (if (param i32 i32) (result i32) (local.get 0) (then (i32.mul)) (else (i32.sub))))))`;
  equalToOracle(
    text,
    [0, 1, 7, 50, -9].map((value) => [value]),
  );
  const guest = new MeteredGuest(instrument(assemble(text)).bytes);
  assert.equal(typeof guest.call("run", [50]).value, "number");
});
