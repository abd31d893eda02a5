import assert from "node:assert/strict";
import { test } from "node:test";
import { freshFolder } from "../run-folders.js";
import { UpkeepEnumeration, upkeepKinds } from "./upkeep-enumeration.js";
import { upkeepStart } from "./upkeep-script.js";

const samplesPerKind = 5;

test("[G3] [G10] a disk that fails under compact, export, import, fork, rm and gc loses no run", async () => {
  const enumeration = new UpkeepEnumeration(await upkeepStart(freshFolder("upkeep-crashes")));
  for (const kind of upkeepKinds) {
    const calls = enumeration.callsOf(kind);
    assert.ok(calls > 100, `${kind}: ${calls} calls`);
    for (let sample = 0; sample < samplesPerKind; sample += 1) {
      // Of every part of the script, and of another call of it per kind.
      const call = 1 + (Math.floor((calls * (sample + 0.13 * kind.length)) / samplesPerKind) % calls);
      try {
        enumeration.try({ kind, call, seed: 1 });
      } catch (error) {
        const repeat = `npm run test:crashes -- --scenario upkeep --kind ${kind} --call ${call} --seed 1`;
        throw new Error(`${kind} at call ${call}; repeat: ${repeat}`, { cause: error });
      }
    }
  }
});
