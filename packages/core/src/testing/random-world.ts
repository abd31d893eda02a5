/**
 * Worlds whose agents do anything at any time: every choice is a pure function of the agent's memory and the
 * message, so that a restored world goes on as the undisturbed one.
 */

import { Encoding, MessageFlag, MessageKind, encodeUtf8, type ModuleDigest } from "@wasm-engine/abi";
import type { AgentSpec, Genesis, Input, InputBody, Policy, TenantSpec } from "../model.js";
import { nodeHasher } from "./node-hasher.js";
import type { ScriptContext, ScriptInvocation } from "./script-context.js";
import {
  agentId,
  genesis,
  handle,
  lifecycle,
  message,
  publish,
  spec,
  task,
  tenantSpec,
} from "./script-world.js";
import { SeededRandom } from "./seeded-random.js";

const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
/** Some names belong to a tenant; in a world without tenants anybody may give them. */
const kids = ["kid0", "x.kid0", "x.kid1", "y.kid0", "y.kid1"];
const everyone = [...names, ...kids, "late", "nobody"];
const topics = ["news", "noise"];
const otherModule = "22".repeat(32) as ModuleDigest; // brand: 64 hex digits

/** A script without memory outside the agent's own. */
export function randomScript(context: ScriptContext, invocation: ScriptInvocation): void {
  const seen = JSON.stringify([context.state, invocation.entry, invocation.topic, invocation.text]);
  const digest = nodeHasher.sha256(encodeUtf8(seen));
  context.state = Buffer.from(digest.subarray(0, 8)).toString("hex");
  const random = new SeededRandom(new DataView(digest.buffer, digest.byteOffset).getInt32(8));
  const { message: received } = invocation;
  if (received !== undefined && (received.flags & MessageFlag.ANSWER_WANTED) !== 0 && !random.oneIn(4))
    context.answer(received, "answer", random.oneIn(3) ? 0 : MessageFlag.LAST_PART);
  const budget = received?.kind === MessageKind.START ? 3 : random.below(3);
  for (let count = 0; count < budget; count += 1) act(context, random);
  if (random.oneIn(8)) context.burn(random.below(4500));
  if (random.oneIn(15)) context.fail((1 + random.below(5)) as 1, 0 - random.below(3)); // one of the fault codes
}

function act(context: ScriptContext, random: SeededRandom): void {
  const peer = random.oneIn(10) ? random.below(1000) : context.handleOf(random.pick(everyone));
  const wanted = random.oneIn(2);
  const timeoutTicks = random.pick([-1, 0, 1, 3, 9]);
  const taskId = `t${random.below(12)}`;
  switch (random.below(14)) {
    case 0:
    case 1:
    case 2:
      return void context.send(peer, { topic: "m", payload: context.state, wanted, timeoutTicks });
    case 3:
      return context.publish(random.pick(topics), "p");
    case 4:
      return context.join(random.pick(topics));
    case 5:
      return context.leave(random.pick(topics));
    case 6:
      return void context.timer(random.below(6));
    case 7:
    case 8: {
      const dependsOn = [0, 0].slice(random.below(3)).map(() => `t${random.below(12)}`);
      const onDependencyFailure = random.pick(["fail", "skip", "run"]);
      const priority = random.below(5) - 2;
      const target = random.pick(everyone);
      return void context.task(
        { taskId, agentId: target, priority, dependsOn, onDependencyFailure },
        random.below(5),
      );
    }
    case 9:
      return context.cancel(1 + random.below(context.ledger.requests + 1));
    case 10:
      return void context.infer(random.pick(["model", "other"]), "i", timeoutTicks);
    case 11:
      return void context.callTool("tool", "c", timeoutTicks);
    case 12:
      context.draw(random.pick(["x", "y"]), 4);
      return void context.spawn({
        id: random.pick(kids),
        module: "script",
        args: { n: 1 },
        capabilities: { send: ["*"], topics: ["news"] },
        channels: random.oneIn(2) ? ["news"] : [],
      });
    default:
      if (random.oneIn(12)) context.exit();
      return context.log("line");
  }
}

/** A genesis of many kinds. */
export function randomGenesis(random: SeededRandom): Genesis {
  const tenanted = random.oneIn(2);
  const tenants = tenanted ? ["x", "y"].map((name) => randomTenant(random, name)) : [];
  const policy: Policy = random.pick(["fifo", "priority", "round-robin"]);
  const agents = names.map((id) => randomSpec(random, id, tenanted ? random.pick(["x", "y"]) : "default"));
  return genesis(agents, {
    policy,
    tenants,
    stride: random.below(2 ** 31),
    turnsPerTickMax: 8 + random.below(10),
    retainTicks: 3 + random.below(10),
    agentsMax: (tenanted ? 2 : 1) * names.length + random.below(4),
    stateHashEvery: 1 + random.below(3),
    shards: 1 + random.below(5),
  });
}

/** With places for every agent of the genesis, or elastic. */
function randomTenant(random: SeededRandom, name: string): TenantSpec {
  const elastic = random.oneIn(3);
  return tenantSpec(name, {
    fuelPerTick: 500 + random.below(4000),
    turnsPerTick: 1 + random.below(4),
    messagesPerTick: 1 + random.below(60),
    agentsMax: elastic ? random.below(3) : names.length,
    elastic,
  });
}

function randomSpec(random: SeededRandom, id: string, tenant: string): AgentSpec {
  return spec(id, {
    tenant,
    priority: random.below(5) - 2,
    every: random.oneIn(3) ? 1 + random.below(6) : 0,
    channels: random.oneIn(2) ? [random.pick(topics)] : [],
    args: { id },
    limits: {
      mailboxMessages: 2 + random.below(8),
      fuelPerSlice: random.pick([300, 1000]),
      messagesPerTurnMax: random.pick([2, 20]),
    },
    onFault: {
      strategy: random.pick(["restart", "restart", "restart", "stop", "escalate"]),
      from: random.pick(["good", "fresh"]),
      max: random.below(4),
      withinTicks: 1 + random.below(20),
    },
  });
}

/** Inputs of one tick; `seq` is that of the first. */
export function randomInputs(random: SeededRandom, tick: number, seq: number): Input[] {
  const inputs: Input[] = [];
  for (let count = random.oneIn(2) ? random.below(4) : 0; count > 0; count -= 1) {
    const body = randomBody(random, tick);
    const key = random.oneIn(4) ? { key: `k${random.below(6)}` } : {};
    inputs.push({ seq: seq + inputs.length, tick, body, ...key });
  }
  return inputs;
}

function randomBody(random: SeededRandom, tick: number): InputBody {
  const target = random.pick(everyone);
  switch (random.below(10)) {
    case 0:
    case 1:
    case 2:
      return message(target, "input", String(tick), random.oneIn(2));
    case 3:
      return publish(random.pick(topics), String(tick));
    case 4:
      return task(`t${random.below(12)}`, target, {
        notBefore: tick + random.below(4),
        dependsOn: [`t${random.below(12)}`],
      });
    case 5:
      return { kind: "spawn", spec: spec("late", { tenant: random.pick(["default", "x"]) }) };
    case 6:
      return lifecycle(
        random.oneIn(3) ? random.pick(["stop", "terminate"]) : random.pick(["pause", "resume"]),
        target,
      );
    case 7:
      return {
        kind: "upgrade",
        agent: agentId(target),
        module: otherModule,
        ...(random.oneIn(3) ? {} : { drainTicks: 1 + random.below(12) }),
      };
    case 8:
      return { kind: random.pick(["join", "leave"]), agent: agentId(target), topic: random.pick(topics) };
    default:
      return {
        kind: "result",
        agent: handle(target),
        requestId: 1 + random.below(20),
        source: random.pick(["inference", "token", "tool"]),
        ok: !random.oneIn(4),
        last: random.oneIn(2),
        encoding: Encoding.TEXT,
        payload: encodeUtf8("result"),
      };
  }
}
