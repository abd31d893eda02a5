/**
 * Programs in which metering has gone wrong somewhere before: each exports `run` and is called with a few arguments.
 * They end by themselves and keep no state between calls.
 */

export interface MeteringProgram {
  readonly name: string;
  readonly text: string;
  readonly arguments: readonly (readonly number[])[];
}

function program(name: string, text: string, ...parameters: number[][]): MeteringProgram {
  return { name, text: `(module ${text})`, arguments: parameters.length === 0 ? [[]] : parameters };
}

/** `run` of one i32 parameter and one i32 result. */
function unary(name: string, body: string, ...values: number[]): MeteringProgram {
  const text = `(func (export "run") (param $x i32) (result i32) (local $i i32) (local $s i32) ${body})`;
  return program(name, text, ...values.map((value) => [value]));
}

const control: readonly MeteringProgram[] = [
  unary(
    "if and else of different cost",
    `(if (result i32) (local.get $x)
       (then (i32.div_u (i32.const 100) (local.get $x)))
       (else (i32.const 7)))`,
    0,
    1,
    5,
  ),
  unary(
    "if without else in a loop",
    `(loop $again
       (if (i32.and (local.get $i) (i32.const 1)) (then (local.set $s (i32.mul (local.get $s) (i32.const 3)))))
       (local.set $i (i32.add (local.get $i) (i32.const 1)))
       (br_if $again (i32.lt_u (local.get $i) (local.get $x))))
     (local.get $s)`,
    0,
    1,
    7,
    40,
  ),
  unary(
    "nested ifs, inner without else",
    `(if (local.get $x) (then
       (if (i32.gt_u (local.get $x) (i32.const 3)) (then (local.set $s (i32.const 1))
          (if (i32.gt_u (local.get $x) (i32.const 5)) (then nop) (else (local.set $s (i32.const 2))))))))
     (i32.add (local.get $s) (local.get $x))`,
    0,
    2,
    4,
    6,
  ),
  unary(
    "both arms leave the if by its label",
    `(if (local.get $x) (then (br 0)) (else (br 0)))
     (i32.div_u (i32.const 9) (i32.const 2))`,
    0,
    1,
  ),
  unary(
    "else after a then that ends dead",
    `(if (local.get $x) (then (return (i32.const 5)) (drop (i32.div_u (i32.const 1) (i32.const 1))))
       (else (local.set $s (i32.mul (local.get $x) (i32.const 2)))))
     (i32.rem_u (i32.const 77) (i32.const 10))`,
    0,
    1,
  ),
  unary(
    "dead code with nested blocks",
    `(block $out (br $out)
       (if (i32.const 1) (then (loop (br 0))) (else (block (unreachable)))) (drop (i32.const 3)))
     (block (result i32) (br 0 (i32.const 4)) (drop) (block (result i32) (i32.const 1)) (drop) (i32.const 5))`,
    0,
  ),
  unary(
    "br_table with default, out of the function too",
    `(block $c (block $b (block $a (br_table $a $b $c $c $b (local.get $x)) )
         (return (i32.const 10)))
       (local.set $s (i32.div_u (i32.const 50) (i32.const 3))))
     (i32.add (local.get $s) (i32.const 1))`,
    0,
    1,
    2,
    3,
    4,
    9,
    -1,
  ),
  program(
    "br_table that leaves the function by its default",
    `(func $f (param i32) (result i32)
       (block $a (result i32) (br_table $a 1 (i32.const 3) (local.get 0)))
       (i32.mul (i32.const 2)))
     (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (call $f (i32.const 0))))`,
    [0],
    [1],
    [7],
  ),
  program(
    "br_if out of a function with two results",
    `(func $f (param i32) (result i32 i32)
       (i32.const 1) (i32.const 2) (br_if 0 (local.get 0)) (drop) (drop) (i32.const 3) (i32.const 4))
     (func (export "run") (param i32) (result i32) (call $f (local.get 0)) (i32.mul))`,
    [0],
    [1],
  ),
  unary(
    "early return from a loop",
    `(loop $again
       (local.set $i (i32.add (local.get $i) (i32.const 1)))
       (if (i32.eq (local.get $i) (local.get $x)) (then (return (local.get $i))))
       (br_if $again (i32.lt_u (local.get $i) (i32.const 20))))
     (i32.const -1)`,
    1,
    3,
    20,
    50,
  ),
  unary(
    "loops that nothing branches to, nested",
    `(loop (loop (local.set $s (i32.add (local.get $x) (i32.const 1))) (loop (nop)))
       (if (local.get $x) (then (loop (local.set $s (i32.const 9)))))) (local.get $s)`,
    0,
    1,
  ),
  unary(
    "if that only its then arm leaves at the end",
    `(if (local.get $x) (then (local.set $s (i32.const 3))) (else (return (i32.const 4))))
     (i32.div_u (i32.const 50) (local.get $s))`,
    0,
    1,
  ),
  unary(
    "branches out of loops and out of the function from within",
    `(block $out
       (loop $again
         (br_if $out (i32.gt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 9)))
         (loop $inner
           (local.set $s (i32.add (local.get $s) (i32.const 2)))
           (br_if $out (i32.eq (local.get $s) (i32.const 14)))
           (if (i32.eq (local.get $s) (local.get $x)) (then (local.get $i) (br 4)))
           (br_if $inner (i32.and (local.get $s) (i32.const 2)))
           (br_if $again (i32.lt_u (local.get $s) (i32.const 30))))))
     (i32.mul (local.get $s) (i32.const 3))`,
    0,
    1,
    4,
    10,
  ),
  program(
    "early branch out of a function with a loop",
    `(func $f (param i32) (result i32) (local i32)
       (loop $again (if (i32.gt_u (local.get 1) (local.get 0)) (then (br 2 (i32.const 7))))
         (local.set 1 (i32.add (local.get 1) (i32.const 1)))
         (br_if $again (i32.lt_u (local.get 1) (i32.const 6))))
       (local.get 1))
     (func (export "run") (param i32) (result i32) (i32.mul (call $f (local.get 0)) (call $f (i32.const 2))))`,
    [0],
    [3],
    [9],
  ),
  unary(
    "br_table with many targets",
    `(block $b (block $a (br_table ${"$a $b ".repeat(20)} $a (local.get $x))) (return (i32.const 1))) (i32.const 2)`,
    0,
    1,
    40,
  ),
  program(
    "block, loop and if with parameters and several results",
    `(func (export "run") (param i32) (result i32) (local $n i32)
       (local.set $n (local.get 0))
       (i32.const 1) (i32.const 2)
       (loop $l (param i32 i32) (result i32 i32)
         (block (param i32 i32) (result i32 i32) (i32.add) (i32.const 3))
         (local.set $n (i32.sub (local.get $n) (i32.const 1)))
         (br_if $l (i32.gt_s (local.get $n) (i32.const 0))))
       (if (param i32 i32) (result i32) (local.get 0) (then (i32.mul)) (else (i32.sub))))`,
    [0],
    [1],
    [5],
  ),
];

const calls: readonly MeteringProgram[] = [
  program(
    "recursion with two calls",
    `(func $fib (export "run") (param i32) (result i32)
       (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
         (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                        (call $fib (i32.sub (local.get 0) (i32.const 2)))))))`,
    [0],
    [1],
    [9],
  ),
  program(
    "mutual recursion",
    `(func $even (export "run") (param i32) (result i32)
       (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
       (call $odd (i32.sub (local.get 0) (i32.const 1))))
     (func $odd (param i32) (result i32)
       (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
       (call $even (i32.sub (local.get 0) (i32.const 1))))`,
    [0],
    [7],
    [20],
  ),
  program(
    "calls in a row, in conditions, before branches",
    `(func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
     (func $branchy (param i32) (result i32)
       (block (br_if 0 (local.get 0)) (return (i32.const 40))) (i32.const 2))
     (func (export "run") (param i32) (result i32) (local i32)
       (drop (call $leaf (call $leaf (call $branchy (local.get 0)))))
       (if (call $leaf (local.get 0)) (then (drop (call $branchy (i32.const 1)))))
       (block (br_if 0 (call $branchy (local.get 0))) (local.set 1 (i32.const 8)))
       (loop (local.set 1 (call $leaf (local.get 1)))
         (br_if 0 (i32.lt_u (call $leaf (local.get 1)) (i32.const 9))))
       (block (result i32) (call $leaf (local.get 1)) (br 0) ))`,
    [0],
    [1],
    [-1],
  ),
  program(
    "calls in one arm only, then charges behind the join",
    `(func $leaf (result i32) (i32.const 3))
     (func (export "run") (param i32) (result i32) (local i32)
       (if (local.get 0) (then (local.set 1 (call $leaf))) (else (local.set 1 (i32.const 2))))
       (if (i32.gt_u (local.get 1) (i32.const 2)) (then nop) (else (local.set 1 (call $leaf))))
       (if (i32.eqz (local.get 0)) (then (drop (call $leaf))))
       (call $leaf) (i32.mul (local.get 1)))`,
    [0],
    [1],
  ),
  program(
    "loops left and continued before an expensive part that calls",
    `(func $leaf (param i32) (result i32) (i32.div_u (local.get 0) (i32.const 3)))
     (func (export "run") (param i32) (result i32) (local i32)
       (block $out (loop $again
         (br_if $out (i32.ge_u (local.get 1) (local.get 0)))
         (local.set 1 (i32.add (local.get 1) (i32.const 1)))
         (br_if $again (i32.and (local.get 1) (i32.const 3)))
         (drop (call $leaf (i32.div_u (i32.rem_u (local.get 1) (i32.const 7)) (i32.const 5))))
         (br_if $out (i32.gt_u (local.get 1) (i32.const 40)))
         (drop (call $leaf (i32.div_u (i32.rem_u (local.get 1) (i32.const 7)) (i32.const 5))))
         (br $again)))
       (local.get 1))`,
    [0],
    [1],
    [3],
    [9],
    [50],
  ),
  program(
    "call_indirect with parameters",
    `(type $t (func (param i32 i64) (result i32)))
     (table funcref (elem $a $b))
     (func $a (type $t) (local.get 0))
     (func $b (type $t) (i32.div_u (local.get 0) (i32.wrap_i64 (local.get 1))))
     (func (export "run") (param i32) (result i32)
       (call_indirect (type $t) (i32.const 60) (i64.const 7) (i32.and (local.get 0) (i32.const 1))))`,
    [0],
    [1],
  ),
  program(
    "function that ends in unreachable or an endless loop that returns",
    `(func $f (param i32) (result i32) (if (local.get 0) (then (return (i32.const 3))))
       (loop (result i32) (return (i32.const 4))))
     (func $g (param i32) (result i32) (if (local.get 0) (then (return (i32.const 3)))) 
       (return (i32.const 9)) (unreachable))
     (func (export "run") (param i32) (result i32) (i32.add (call $f (local.get 0)) (call $g (local.get 0))))`,
    [0],
    [1],
  ),
  program(
    "many locals, vectors among them",
    `(func $f (param v128 i32) (result i32) (local v128 v128 i32 i64 f32 f64) (local i32)
       (i32x4.extract_lane 0 (i32x4.add (local.get 0) (i32x4.splat (local.get 1)))))
     (func (export "run") (param i32) (result i32) (call $f (v128.const i32x4 1 2 3 4) (local.get 0)))`,
    [4],
  ),
];

const linear: readonly MeteringProgram[] = [
  program(
    "memory.fill, copy and init by length",
    `(memory (export "memory") 1) (data $d "abcdefgh")
     (func (export "run") (param i32) (result i32)
       (memory.fill (i32.const 0) (i32.const 7) (local.get 0))
       (memory.copy (i32.const 4) (i32.const 0) (local.get 0))
       (memory.init $d (i32.const 1) (i32.const 0) (i32.and (local.get 0) (i32.const 7)))
       (i32.load (i32.const 0)))`,
    [0],
    [3],
    [4],
    [1000],
    [60000],
  ),
  program(
    "bulk operation between calls",
    `(memory (export "memory") 1)
     (func $leaf)
     (func (export "run") (param i32) (result i32) (call $leaf)
       (memory.fill (i32.const 0) (i32.const 0) (local.get 0)) (call $leaf) (call $leaf)
       (if (local.get 0) (then (memory.fill (i32.const 0) (i32.const 1) (i32.const 8))))
       (i32.load8_u (i32.const 1)))`,
    [0],
    [9],
  ),
  program(
    "memory.grow and memory.size",
    `(memory (export "memory") 1 4)
     (func (export "run") (param i32) (result i32)
       (i32.add (memory.grow (i32.mul (local.get 0) (i32.const 9))) (memory.grow (i32.const 0)))
       (drop) (memory.size))`,
    [0],
    [1],
  ),
];

/** All of them. */
export const METERING_PROGRAMS: readonly MeteringProgram[] = [...control, ...calls, ...linear];
