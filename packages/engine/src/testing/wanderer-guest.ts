/**
 * A guest that does anything at any time: every invocation folds what it was given into a number, and that number
 * chooses what it does. Behaviour is a function of the seed of the world alone, and whatever goes wrong in delivery,
 * order, rollback or restoring shows in everything that follows.
 */

import { payloadOffset } from "@wasm-engine/abi";

export interface WandererOptions {
  /** Names of its peers, topics, tasks and streams without their last digit; at most 15 characters. */
  readonly prefix: string;
  /** The same for its children; default `prefix`. */
  readonly childPrefix?: string;
  /** Name in the genesis of the module that its children run. */
  readonly childModule: string;
  /** One invocation in so many faults; 0 = never of its own will. */
  readonly faultOneIn: number;
  /** Iterations of the longest loop, about 10 fuel each. */
  readonly burnMax: number;
  /** One invocation in so many exits; 0 = never. */
  readonly exitOneIn: number;
  /** Makes another module of the same behaviour, for upgrades. */
  readonly version?: number;
}

/** Where outgoing messages, tasks and children are composed. */
const MESSAGE_AT = 1024;
const TASK_AT = 3072;
const CHILD_AT = 4096;
const EXPORT_AT = 5120;
const INCOMING_AT = 0x10000;
const HEADER_BYTES = 48;

const IMPORTS = `
  (import "wasm_engine" "log" (func $log (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "send" (func $send (param i32 i32) (result i32)))
  (import "wasm_engine" "publish" (func $publish (param i32) (result i32)))
  (import "wasm_engine" "join" (func $join (param i32 i32) (result i32)))
  (import "wasm_engine" "leave" (func $leave (param i32 i32) (result i32)))
  (import "wasm_engine" "schedule" (func $schedule (param i32 i32) (result i32)))
  (import "wasm_engine" "cancel" (func $cancel (param i32) (result i32)))
  (import "wasm_engine" "infer" (func $infer (param i32 i32) (result i32)))
  (import "wasm_engine" "call_tool" (func $call_tool (param i32 i32) (result i32)))
  (import "wasm_engine" "spawn" (func $spawn (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "lookup" (func $lookup (param i32 i32 i32) (result i32)))
  (import "wasm_engine" "random" (func $random (param i32 i32 i32 i32) (result i32)))
  (import "wasm_engine" "tick" (func $tick (result i64)))
  (import "wasm_engine" "exit" (func $exit (param i32) (result i32)))`;

const NAME_AT = 32;

/** Memory: 0 number · 8 handle · 16 random bytes · 24 last request id · 32 name · 48 line · then the composed ones. */
function state(nameBytes: number): string {
  const payloadAt = MESSAGE_AT + payloadOffset(nameBytes);
  return `
  (memory (export "memory") 3)
  (global $double (mut f64) (f64.const 1))
  (global $turns (mut i32) (i32.const 0))
  (func $fold (param $value i32)
    (i32.store (i32.const 0)
      (i32.mul (i32.xor (i32.load (i32.const 0)) (local.get $value)) (i32.const 16777619))))
  (func $below (param $count i32) (result i32)
    (i32.store (i32.const 0)
      (i32.add (i32.mul (i32.load (i32.const 0)) (i32.const 1664525)) (i32.const 1013904223)))
    (i32.rem_u (i32.shr_u (i32.load (i32.const 0)) (i32.const 9)) (local.get $count)))
  (func $digit (param $at i32) (i32.store8 (local.get $at) (i32.add (i32.const 48) (call $below (i32.const 10)))))
  (func $hex (param $at i32) (local $shift i32) (local $nibble i32)
    (local.set $shift (i32.const 32))
    (loop $next
      (local.set $shift (i32.sub (local.get $shift) (i32.const 4)))
      (local.set $nibble (i32.and (i32.const 15) (i32.shr_u (i32.load (i32.const 0)) (local.get $shift))))
      (i32.store8 (local.get $at) (i32.add (local.get $nibble)
        (select (i32.const 48) (i32.const 87) (i32.lt_u (local.get $nibble) (i32.const 10)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (local.get $shift))))
  (func $peer (result i64)
    (call $digit (i32.const ${NAME_AT + nameBytes - 1}))
    (if (result i64) (i32.eqz (call $lookup (i32.const ${NAME_AT}) (i32.const ${nameBytes}) (i32.const 8)))
      (then (i64.load (i32.const 8))) (else (i64.const 4099))))
  (func $header (param $kind i32) (param $flags i32) (param $correlation i64) (param $peer i64)
    (i32.store (i32.const ${MESSAGE_AT}) (i32.const ${HEADER_BYTES}))
    (i32.store16 (i32.const ${MESSAGE_AT + 4}) (local.get $kind))
    (i32.store8 (i32.const ${MESSAGE_AT + 6}) (i32.const 1))
    (i32.store8 (i32.const ${MESSAGE_AT + 7}) (local.get $flags))
    (i64.store (i32.const ${MESSAGE_AT + 16}) (local.get $correlation))
    (i64.store (i32.const ${MESSAGE_AT + 24}) (local.get $peer))
    (i32.store (i32.const ${MESSAGE_AT + 40}) (i32.const ${nameBytes}))
    (i32.store (i32.const ${MESSAGE_AT + 44}) (i32.const 16))
    (call $digit (i32.const ${MESSAGE_AT + HEADER_BYTES + nameBytes - 1}))
    (call $hex (i32.const ${payloadAt + 6})))
  (func $keep (param $result i32)
    (call $fold (local.get $result))
    (if (i32.gt_s (local.get $result) (i32.const 0)) (then (i32.store (i32.const 24) (local.get $result)))))`;
}

/** What it may do; the first is chosen as often as the others. */
function actions(options: WandererOptions): readonly string[] {
  const message = `(i32.const ${MESSAGE_AT})`;
  const timeout = "(i32.sub (call $below (i32.const 9)) (i32.const 1))";
  const plain = "(i64.const 0)";
  const nameBytes = options.prefix.length + 1;
  const name = `(i32.const ${NAME_AT}) (i32.const ${nameBytes})`;
  const draw = `(call $digit (i32.const ${NAME_AT + nameBytes - 1}))`;
  return [
    `(call $header (i32.const 0) (i32.const 0) ${plain} (call $peer)) (call $keep (call $send ${message} (i32.const -1)))`,
    `(call $header (i32.const 0) (i32.const 1) ${plain} (call $peer)) (call $keep (call $send ${message} ${timeout}))`,
    `(call $header (i32.const 0) (i32.const 1) ${plain} (call $peer)) (call $keep (call $send ${message} ${timeout}))`,
    `(call $header (i32.const 0) (i32.const 0) ${plain} ${plain}) (call $keep (call $publish ${message}))`,
    `${draw} (call $keep (call $join ${name}))`,
    `${draw} (call $keep (call $leave ${name}))`,
    `(call $header (i32.const 5) (i32.const 0) ${plain} ${plain})
     (call $keep (call $schedule ${message} (call $below (i32.const 7))))`,
    `(call $task) (call $keep (call $schedule (i32.const ${TASK_AT}) (call $below (i32.const 5))))`,
    `(call $keep (call $cancel (i32.load (i32.const 24))))`,
    `(call $header (i32.const 0) (i32.const 0) ${plain} ${plain}) (call $keep (call $infer ${message} ${timeout}))`,
    `(call $header (i32.const 0) (i32.const 0) ${plain} ${plain}) (call $keep (call $call_tool ${message} ${timeout}))`,
    `(call $child) (call $fold (i32.load (i32.const 8)))`,
    `${draw} (call $fold (call $random ${name} (i32.const 16) (i32.const 8)))
     (call $fold (i32.load (i32.const 16)))`,
    `(call $hex (i32.const 48)) (call $keep (call $log (call $below (i32.const 4)) (i32.const 48) (i32.const 8)))`,
    `(call $burn (call $below (i32.const ${options.burnMax})))`,
    `(call $fold (memory.grow (call $below (i32.const 2)))) (i32.store (i32.sub (i32.shl (memory.size)
       (i32.const 16)) (i32.const 4)) (i32.load (i32.const 0)))`,
    `(call $fold (i32.wrap_i64 (call $tick)))`,
    `(global.set $double (f64.div (f64.sub (global.get $double) (f64.convert_i32_u (call $below (i32.const 3))))
       (f64.convert_i32_s (call $below (i32.const 3)))))
     (call $fold (i32.wrap_i64 (i64.shr_u (i64.reinterpret_f64 (global.get $double)) (i64.const 32))))`,
  ];
}

const faults = [
  "(unreachable)",
  "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
  "(return (i32.const -7))",
  "(loop $forever (br $forever))",
  "(drop (call $deep (i32.const 0)))",
  "(drop (i32.load (i32.const -4)))",
];

function choice(cases: readonly string[], local: string): string {
  return cases
    .map((body, index) => `(if (i32.eq (local.get ${local}) (i32.const ${index})) (then ${body}))`)
    .join("\n");
}

/** Data of a composed message or document, and the offsets of the digits in it that are drawn anew. */
function composed(at: number, text: string): { readonly data: string; readonly digits: string } {
  const digits = [...text.matchAll(/#/g)].map((match) => `(call $digit (i32.const ${at + match.index}))`);
  const escaped = text.replaceAll("#", "0").replaceAll('"', '\\"');
  return { data: `(data (i32.const ${at}) "${escaped}")`, digits: digits.join(" ") };
}

/** Text form of the guest. */
export function wandererText(options: WandererOptions): string {
  const { prefix, childPrefix = prefix, childModule, faultOneIn, exitOneIn, version = 1 } = options;
  const nameBytes = prefix.length + 1;
  const taskText =
    `{"taskId":"${prefix}#","agentId":"${prefix}#","priority":#,"dependsOn":["${prefix}#"],` +
    `"onDependencyFailure":"run","payload":{"n":1#}}`;
  const childText =
    `{"id":"${childPrefix}#","module":"${childModule}","args":{"n":1#},"every":1#,` +
    `"capabilities":{"send":["${prefix}*"],"topics":["${prefix}*"]},"channels":["${prefix}#"],` +
    `"onFault":{"strategy":"restart","from":"fresh"}}`;
  const task = composed(TASK_AT + HEADER_BYTES, taskText);
  const child = composed(CHILD_AT, childText);
  const all = actions(options);
  const oneIn = (count: number, body: string): string =>
    count === 0 ? "" : `(if (i32.eqz (call $below (i32.const ${count}))) (then ${body}))`;
  return `(module ${IMPORTS} ${state(nameBytes)} ${task.data} ${child.data}
  (data (i32.const ${NAME_AT}) "${prefix}0")
  (data (i32.const ${MESSAGE_AT + HEADER_BYTES}) "${prefix}0")
  (data (i32.const ${MESSAGE_AT + payloadOffset(nameBytes)}) "{\\"h\\":\\"00000000\\"}")
  (func $task
    (i32.store (i32.const ${TASK_AT}) (i32.const ${HEADER_BYTES}))
    (i32.store16 (i32.const ${TASK_AT + 4}) (i32.const 8))
    (i32.store8 (i32.const ${TASK_AT + 6}) (i32.const 1))
    (i32.store (i32.const ${TASK_AT + 44}) (i32.const ${taskText.length}))
    ${task.digits})
  (func $child ${child.digits}
    (call $keep (call $spawn (i32.const ${CHILD_AT}) (i32.const ${childText.length}) (i32.const 8))))
  (func $deep (param i32) (result i32)
    (i32.add (i32.const 1) (call $deep (i32.add (local.get 0) (i32.const ${version})))))
  (func $burn (param $count i32)
    (loop $again (call $fold (local.get $count))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $again (i32.gt_s (local.get $count) (i32.const 0)))))
  (func $act (local $action i32)
    (local.set $action (call $below (i32.const ${all.length}))) ${choice(all, "$action")})
  (func $fault (result i32) (local $kind i32)
    (local.set $kind (call $below (i32.const ${faults.length}))) ${choice(faults, "$kind")} (i32.const -9))
  (func $answer (param $message i32)
    (call $header (i32.const 1) (select (i32.const 2) (i32.const 0) (call $below (i32.const 3)))
      (i64.load offset=8 (local.get $message)) (i64.load offset=24 (local.get $message)))
    (call $fold (call $send (i32.const ${MESSAGE_AT}) (i32.const -1))))
  (func $work (param $message i32) (result i32) (local $at i32) (local $end i32)
    (local.set $at (i32.add (local.get $message) (i32.const 4)))
    (local.set $end (i32.add (i32.add (local.get $message) (i32.load offset=44 (local.get $message)))
      (i32.and (i32.add (i32.load offset=40 (local.get $message)) (i32.const 55)) (i32.const -8))))
    (loop $next
      (call $fold (i32.load8_u (local.get $at)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (global.set $turns (i32.add (global.get $turns) (i32.const 1)))
    (if (i32.and (i32.load8_u offset=7 (local.get $message)) (i32.const 1))
      (then (if (call $below (i32.const 4)) (then (call $answer (local.get $message))))))
    (local.set $end (call $below (i32.const 3)))
    (loop $more
      (call $act)
      (local.set $end (i32.sub (local.get $end) (i32.const 1)))
      (br_if $more (i32.gt_s (local.get $end) (i32.const 0))))
    ${oneIn(faultOneIn, "(return (call $fault))")}
    ${oneIn(exitOneIn, "(drop (call $exit (i32.const 0)))")}
    (i32.const 0))
  (func (export "agent_alloc") (param i32) (result i32) (i32.const ${INCOMING_AT}))
  (func (export "agent_init") (result i32)
    (i32.store (i32.const 0) (i32.const ${0x1234567 + version})) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32) (call $work (local.get 0)))
  (func (export "agent_receive") (param i32) (result i32) (call $work (local.get 0)))
  (func (export "agent_shutdown") (result i32) (call $fold (i32.const 1)) (i32.const 0))
  (func (export "agent_export_state") (result i32)
    (i32.store (i32.const ${EXPORT_AT}) (i32.const 8))
    (i32.store (i32.const ${EXPORT_AT + 4}) (i32.load (i32.const 0)))
    (i32.store (i32.const ${EXPORT_AT + 8}) (global.get $turns))
    (i32.const ${EXPORT_AT}))
  (func (export "agent_import_state") (param i32) (result i32)
    (i32.store (i32.const 0) (i32.load offset=4 (local.get 0)))
    (global.set $turns (i32.load offset=8 (local.get 0)))
    (i32.sub (i32.const 0) (i32.eqz (i32.and (global.get $turns) (i32.const 7))))))`;
}
