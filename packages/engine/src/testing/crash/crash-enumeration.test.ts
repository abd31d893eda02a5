import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFolder } from "../run-folders.js";
import { CrashEnumeration, crashKinds } from "./crash-enumeration.js";
import { crashWorld } from "./crash-world.js";

const samplesPerKind = 10;

test("[G3] [G10] a disk that fails under a whole world at sampled calls changes nothing", async () => {
  const enumeration = new CrashEnumeration(await crashWorld(freshFolder("crashes")));
  for (const kind of crashKinds) {
    const calls = enumeration.callsOf(kind);
    assert.ok(calls > 100, `${kind}: ${calls} calls`);
    for (let sample = 0; sample < samplesPerKind; sample += 1) {
      // The calls of making a run are dense in kinds of calls, so samples begin close together.
      const call = 1 + Math.floor((calls - 1) * (sample / (samplesPerKind - 1)) ** 1.5);
      try {
        enumeration.try({ kind, call, seed: 1 });
      } catch (error) {
        const repeat = `npm run test:crashes -- --kind ${kind} --call ${call} --seed 1`;
        throw new Error(`${kind} at call ${call}; repeat: ${repeat}`, { cause: error });
      }
    }
  }
});
