/**
 * `npm run test:crashes -- [--scenario S] [--seeds N] [--kind K] [--call C --seed S]`: every failure of the disk at
 * every call of a scripted world, and of what is done with runs that have ended; prints how many points it tried. A
 * failing point is printed with the command that repeats it.
 */

import { chosenNames, programOptions, wholeNumber } from "../../../../wasm/dist/testing/program-options.js";
import { freshFolder } from "../run-folders.js";
import { CrashEnumeration, crashKinds } from "./crash-enumeration.js";
import type { CrashKind, CrashPlace } from "./crash-enumeration.js";
import { crashTicks, crashWorld } from "./crash-world.js";
import { UpkeepEnumeration, upkeepKinds } from "./upkeep-enumeration.js";
import type { UpkeepKind } from "./upkeep-enumeration.js";
import { upkeepStart } from "./upkeep-script.js";

const scenarios = ["world", "upkeep"] as const;
type Scenario = (typeof scenarios)[number];

const { values } = programOptions({
  usage:
    `npm run test:crashes -- [--scenario ${scenarios.join(" | ")}] [--seeds N] ` +
    `[--kind ${crashKinds.join(" | ")}] [--call C --seed S]`,
  options: {
    scenario: { type: "string" },
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

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const warn = (line: string): void => void process.stderr.write(`${line}\n`);

/** What both enumerations can do. */
interface Enumeration {
  readonly title: string;
  readonly kinds: readonly CrashKind[];
  callsOf(kind: CrashKind): number;
  try(place: CrashPlace): void;
}

async function enumerationOf(scenario: Scenario): Promise<Enumeration> {
  const folder = freshFolder("crashes");
  if (scenario === "world") {
    const world = new CrashEnumeration(await crashWorld(folder));
    return {
      title: `of ${crashTicks} ticks`,
      kinds: crashKinds,
      callsOf: (kind) => world.callsOf(kind),
      try: (place) => world.try(place),
    };
  }
  const upkeep = new UpkeepEnumeration(await upkeepStart(folder));
  const own = (kind: CrashKind): UpkeepKind => {
    const found = upkeepKinds.find((name) => name === kind);
    if (found === undefined) throw new Error(`${kind} is no kind of this scenario`);
    return found;
  };
  return {
    title: "of upkeep",
    kinds: upkeepKinds,
    callsOf: (kind) => upkeep.callsOf(own(kind)),
    try: ({ kind, ...place }) => upkeep.try({ kind: own(kind), ...place }),
  };
}

function* placesOf(kind: CrashKind, calls: number): Generator<CrashPlace> {
  if (values.call !== undefined) {
    yield { kind, ...given };
    return;
  }
  for (let call = 1; call <= calls; call += 1) {
    for (let seed = 1; seed <= seeds; seed += 1) yield { kind, call, seed };
  }
}

let points = 0;
let failures = 0;
for (const scenario of chosenNames("scenario", values.scenario, scenarios)) {
  const enumeration = await enumerationOf(scenario);
  for (const kind of enumeration.kinds.filter((name) => kinds.includes(name))) {
    const calls = enumeration.callsOf(kind);
    let tried = 0;
    for (const place of placesOf(kind, calls)) {
      tried += 1;
      try {
        enumeration.try(place);
      } catch (error) {
        failures += 1;
        const repeat = `--scenario ${scenario} --kind ${kind} --call ${place.call} --seed ${place.seed}`;
        warn(`${scenario}, ${kind} at call ${place.call}, seed ${place.seed}: ${String(error)}`);
        warn(`  repeat: npm run test:crashes -- ${repeat}`);
      }
    }
    points += tried;
    say(`${scenario}, ${kind}: ${tried} points at ${calls} calls ${enumeration.title}`);
  }
}
say(`${points} points, ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
