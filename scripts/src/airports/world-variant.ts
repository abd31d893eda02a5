/**
 * Runs of the airports' worlds away from their folder: a configuration of examples/airports with its paths made
 * absolute, optionally on other flights. Outputs, builds and runs stay in the given folder.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { Engine } from "@wasm-engine/engine";
import { repositoryRoot } from "../tidy/source-tree.js";

export const airportsFolder: string = join(repositoryRoot, "examples/airports");

export interface WorldVariant {
  /** File name of the configuration in examples/airports. */
  readonly config: string;
  /** Folder of the copy; created. Variants in one folder share what is built. */
  readonly folder: string;
  /** Name of the copy, by which its files are told apart. @default the configuration's */
  readonly name?: string;
  /** CSV with the columns of data/flights.csv.gz. @default the example's own */
  readonly flights?: string;
}

/** Writes the configuration; its path. */
export function writeVariant({ config, folder, name = config, flights }: WorldVariant): string {
  mkdirSync(folder, { recursive: true });
  let text = readFileSync(join(airportsFolder, config), "utf8");
  if (flights !== undefined) {
    const path = join(folder, `${name}.csv.gz`);
    writeFileSync(path, gzipSync(flights));
    text = text.replaceAll("./data/flights.csv.gz", path);
  }
  text = text.replaceAll(/(?<=[ :])\.\/(?=agents|data|models)/g, `${airportsFolder}/`);
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

/** Runs a variant to its end; the run's folder. Nothing of it has to survive a power cut, so nothing is synced. */
export async function runVariant(variant: WorldVariant): Promise<string> {
  const config = writeVariant(variant);
  const dir = join(variant.folder, "runs", variant.name ?? variant.config);
  // The optimising compiler takes longer than it saves, and shows in no chain.
  const v8Flags = ["--liftoff-only"];
  await using world = await Engine.open(config, { dir, durability: "ephemeral", v8Flags });
  const { faults } = await world.run();
  await world.stop();
  if (faults > 0) throw new TypeError(`${variant.config}: ${faults} faults`);
  return dir;
}
