import assert from "node:assert/strict";
import { dirname } from "node:path";
import { test } from "node:test";
import { FaultFileSystem } from "../fault-file-system.js";
import { freshFolder } from "../run-folders.js";
import { CrashEnumeration, crashKinds } from "./crash-enumeration.js";
import { firstLife, newWitness } from "./crash-life.js";
import { crashOutput, crashWorld, scriptedInputs } from "./crash-world.js";

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

test("[G3] an output that cannot be synced for a snapshot ends the world before a later one counts on it", async () => {
  const disk = new FaultFileSystem();
  let failures = 0;
  disk.fault = (name, path) => {
    if (name !== "syncFolder" || path !== dirname(crashOutput) || failures > 0) return undefined;
    failures += 1;
    return "EIO";
  };
  const options = {
    world: await crashWorld(freshFolder("unsynced")),
    inputs: scriptedInputs(),
    isRepeatable: true,
  };
  assert.throws(() => firstLife(disk, options, newWitness()), { code: "WE_RUN_UNWRITABLE" });
});
