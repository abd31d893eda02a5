import assert from "node:assert/strict";
import { test } from "node:test";
import type { AgentHandle } from "@wasm-engine/abi";
import fc from "fast-check";
import { AgentIndex } from "./agent-index.js";
import type { ResidentAgent } from "./resident-agent.js";

/** Few low bits, so that many handles want the same place; high ones beyond 32 bits. */
const handle = fc
  .tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 40 }))
  .map(([low, high]) => (low + high * 2 ** 33 + (high % 3) * 64) as AgentHandle);

test("the index agrees with a map over any adding and deleting", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), handle), { maxLength: 400 }), (steps) => {
      const index = new AgentIndex();
      const model = new Map<AgentHandle, ResidentAgent>();
      for (const [adds, agent] of steps) {
        if (adds && !model.has(agent)) {
          const resident = { agent } as ResidentAgent; // the index looks at nothing else
          index.add(resident);
          model.set(agent, resident);
        } else if (!adds && model.delete(agent)) index.delete(agent);
        assert.equal(index.has(agent), model.has(agent));
      }
      for (const [agent, resident] of model) assert.equal(index.get(agent), resident);
      const sorted = [...model.values()].sort((left, right) => left.agent - right.agent);
      assert.deepEqual(index.sorted(), sorted);
      assert.equal(index.size, model.size);
    }),
  );
});
