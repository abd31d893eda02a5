/**
 * `npm run test:crashes -- [--seeds N] [--kind K] [--call C --seed S]`: every failure of the disk at every call of the
 * scripted world; prints how many points it tried. A failing point is printed with the command that repeats it.
 */

import { chosenNames, programOptions, wholeNumber } from "../../../../wasm/dist/testing/program-options.js";
import { freshFolder } from "../run-folders.js";
import { CrashEnumeration, crashKinds } from "./crash-enumeration.js";
import type { CrashKind, CrashPlace } from "./crash-enumeration.js";
import { crashTicks, crashWorld } from "./crash-world.js";

const { values } = programOptions({
  usage: `npm run test:crashes -- [--seeds N] [--kind ${crashKinds.join(" | ")}] [--call C --seed S]`,
  options: {
    seeds: { type: "string", default: "3" },
    kind: { type: "string" },
    call: { type: "string" },
    seed: { type: "string" },
  },
});
const kinds = chosenNames("kind", values.kind, crashKinds);
const seeds = wholeNumber("seeds", values.seeds, 1);
const given = {
  call: wholeNumber("call", values.call ?? "1", 1),
  seed: wholeNumber("seed", values.seed ?? "1"),
};
const enumeration = new CrashEnumeration(await crashWorld(freshFolder("crashes")));

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const warn = (line: string): void => void process.stderr.write(`${line}\n`);

function* placesOf(kind: CrashKind): Generator<CrashPlace> {
  if (values.call !== undefined) {
    yield { kind, ...given };
    return;
  }
  const calls = enumeration.callsOf(kind);
  for (let call = 1; call <= calls; call += 1) {
    for (let seed = 1; seed <= seeds; seed += 1) yield { kind, call, seed };
  }
}

let points = 0;
let failures = 0;
for (const kind of kinds) {
  let tried = 0;
  for (const place of placesOf(kind)) {
    tried += 1;
    try {
      enumeration.try(place);
    } catch (error) {
      failures += 1;
      const { call, seed } = place;
      warn(`${kind} at call ${call}, seed ${seed}: ${String(error)}`);
      warn(`  repeat: npm run test:crashes -- --kind ${kind} --call ${call} --seed ${seed}`);
    }
  }
  points += tried;
  say(`${kind}: ${tried} points at ${enumeration.callsOf(kind)} calls of ${crashTicks} ticks`);
}
say(`${points} points, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
