/**
 * A guest that holds signalling NaNs and other payloads wherever a guest can hold them (globals of f32, f64, v128,
 * and memory), checks its own bits at every step, and then holds others. In every fifth tick it spoils all of them and
 * traps. The played scene takes agents through everything that moves state; it can run in any compiler tier.
 */

import { FaultCode, encodeMessage } from "@wasm-engine/abi";
import type { AgentHandle } from "@wasm-engine/abi";
import type { AgentImage, GuestModule } from "../executor-contract.js";
import { message } from "./script-guest.js";
import { TestWorld, guest } from "./test-world.js";
import type { TestWorldOptions } from "./test-world.js";

/** What the keeper returns where its bits are not those that it wrote, minus the number of the check. */
export const BITS_CHANGED = 7000;
/** Ticks whose number leaves this remainder by 5 end in a trap. */
export const SPOILT_REMAINDER = 4;

const expected = {
  single: "(i32.or (i32.const 0x7fa00001) (i32.shl (local.get $n) (i32.const 4)))",
  double: "(i64.or (i64.const 0xfff4000000000001) (i64.shl (i64.extend_i32_u (local.get $n)) (i64.const 8)))",
  // Signalling and quiet NaNs of four bytes; the last two lanes are one signalling NaN of eight.
  vector: `(v128.or (v128.const i32x4 0x7fa00001 0xffc00001 0x00000001 0x7ff40000)
    (i32x4.splat (i32.shl (local.get $n) (i32.const 4))))`,
};

const differs: readonly string[] = [
  `(i32.ne (i32.reinterpret_f32 (global.get $single)) ${expected.single})`,
  `(i64.ne (i64.reinterpret_f64 (global.get $double)) ${expected.double})`,
  `(v128.any_true (v128.xor (global.get $vector) ${expected.vector}))`,
  `(i32.ne (i32.load (i32.const 0x800)) ${expected.single})`,
  `(i64.ne (i64.load (i32.const 0x808)) ${expected.double})`,
  `(v128.any_true (v128.xor (v128.load (i32.const 0x810)) ${expected.vector}))`,
];

const checks = differs
  .map((check, index) => `(if ${check} (then (return (i32.const -${BITS_CHANGED + index + 1}))))`)
  .join("\n");

/** Text form. Values go through parameters, locals, select, memory and globals: none of it may touch their bits. */
export const BIT_KEEPER_TEXT = `(module
  (import "wasm_engine" "tick" (func $tick (result i64)))
  (memory (export "memory") 1)
  (global $n (mut i32) (i32.const 0))
  (global $single (mut f32) (f32.const nan:0x200001))
  (global $double (mut f64) (f64.const -nan:0x4000000000001))
  (global $vector (mut v128) (v128.const i32x4 0x7fa00001 0xffc00001 0x00000001 0x7ff40000))
  (func $hold (param $single f32) (param $double f64) (param $vector v128)
    (local $again f64)
    (local.set $again (select (local.get $double) (f64.const 0) (i32.const 1)))
    (f32.store (i32.const 0x800) (local.get $single))
    (f64.store (i32.const 0x808) (local.get $again))
    (v128.store (i32.const 0x810) (local.get $vector))
    (global.set $single (f32.load (i32.const 0x800)))
    (global.set $double (local.get $again))
    (global.set $vector (v128.load (i32.const 0x810))))
  (func $holdNumber (param $n i32)
    (global.set $n (local.get $n))
    (call $hold (f32.reinterpret_i32 ${expected.single}) (f64.reinterpret_i64 ${expected.double}) ${expected.vector}))
  (func (export "agent_alloc") (param i32) (result i32) (i32.const 0x1000))
  (func (export "agent_init") (result i32) (call $holdNumber (i32.const 1)) (i32.const 0))
  (func (export "agent_receive") (param i32) (result i32) (i32.const 0))
  (func (export "agent_shutdown") (result i32) (i32.const 0))
  (func (export "agent_step") (param i32) (result i32)
    (local $n i32)
    (local.set $n (global.get $n))
    ${checks}
    (if (i64.eq (i64.rem_u (call $tick) (i64.const 5)) (i64.const ${SPOILT_REMAINDER}))
      (then
        (call $hold (f32.const nan:0x3fffff) (f64.const nan:0x7ffffffffffff) (v128.const i64x2 -1 -1))
        (global.set $n (i32.const -1))
        (unreachable)))
    (call $holdNumber (i32.add (local.get $n) (i32.const 1)))
    (i32.const 0)))`;

/** What a scene ended with. */
export interface BitScene {
  /** Digests of the agents of each world at the end. */
  readonly digests: readonly (readonly string[])[];
  /** Faults that no keeper should have had, in words. */
  readonly complaints: readonly string[];
  readonly steps: number;
  readonly reconstructions: number;
  /** State and memory from 0x800 on of the first agent. */
  readonly held: string;
}

const nothing = encodeMessage(message());

class Scene {
  readonly complaints: string[] = [];
  steps = 0;

  /** One tick in which all agents step, one after the other. */
  step(world: TestWorld, agents: readonly AgentHandle[]): void {
    const outcomes = world.execute(
      agents.map((agent) => ({ agent, invocations: [{ entry: "step", message: nothing }] })),
    );
    const expected = world.tick % 5 === SPOILT_REMAINDER ? FaultCode.TRAP : undefined;
    for (const { fault } of outcomes) {
      this.steps += 1;
      if (fault?.code === expected) continue;
      this.complaints.push(`tick ${world.tick}: fault ${fault?.code} ${fault?.guestCode}`);
    }
  }
}

const bounds: readonly TestWorldOptions[] = [
  {},
  { instancesMax: 1 },
  { instancesMax: 2, journalFuelMax: 0, journalBytesMax: 0 },
];

/** Steps, shared slots, rollbacks, renewals, images, and two forks of every world. */
export function playBits(ticks = 23): BitScene {
  const module = guest(BIT_KEEPER_TEXT);
  const scene = new Scene();
  const digests: string[][] = [];
  let reconstructions = 0;
  let held = "";
  for (const options of bounds) {
    const world = new TestWorld({ guests: [module], ...options });
    const agents = ["a", "b", "c"].map((name) => world.start(name, module));
    // They hold different bits: the second and the third are ahead.
    for (const [index, agent] of agents.entries())
      for (let step = 0; step < 2 * index; step += 1) scene.step(world, [agent]);
    for (let tick = 0; tick < ticks; tick += 1) scene.step(world, agents);
    const images = world.executor.images();
    const forks = [4, 9].map((more) => fork(world, { images, module, agents, scene, more }));
    held = heldBits(images.find(({ agent }) => agent === agents[0]));
    digests.push([
      ...agents.map((agent) => world.digest(agent)),
      ...forks.flatMap((forked) => agents.map((agent) => forked.digest(agent))),
    ]);
    reconstructions += world.executor.figures().reconstructions;
  }
  return { digests, complaints: scene.complaints, steps: scene.steps, reconstructions, held };
}

interface ForkedScene {
  readonly images: readonly AgentImage[];
  readonly module: GuestModule;
  readonly agents: readonly AgentHandle[];
  readonly scene: Scene;
  readonly more: number;
}

/** Another world from the same images, copied as between threads, goes on alone. */
function fork(world: TestWorld, { images, module, agents, scene, more }: ForkedScene): TestWorld {
  const forked = new TestWorld({ guests: [module] });
  forked.executor.loadImages(structuredClone(images));
  forked.tick = world.tick;
  for (let tick = 0; tick < more; tick += 1) scene.step(forked, agents);
  return forked;
}

function heldBits(image: AgentImage | undefined): string {
  if (image === undefined) return "";
  return `${Buffer.from(image.state).toString("hex")} ${Buffer.from(image.memory.slice(0x800, 0x820)).toString("hex")}`;
}
