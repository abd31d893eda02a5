/** The fuel table as spec/vectors has it. The interpreter knows no other prices. */

import { readFileSync } from "node:fs";

export interface FuelTable {
  readonly version: number;
  /** Fixed price by instruction name. */
  readonly instructions: Readonly<Record<string, number>>;
  readonly functionEntry: number;
  readonly localWordsPerFuel: number;
  readonly branchTargetsPerFuel: number;
  readonly parameterWord: number;
  readonly hostCall: number;
  readonly bytesPerFuel: number;
  readonly element: number;
  readonly page: number;
  readonly byBytes: readonly string[];
  readonly byElements: readonly string[];
  readonly byPages: readonly string[];
  readonly nanProducers: readonly string[];
}

const file = new URL("../../../../../spec/vectors/fuel-table.json", import.meta.url);

export const FUEL_TABLE: FuelTable = JSON.parse(readFileSync(file, "utf8")) as FuelTable; // written by its test

/** How the topmost operand adds to a price: `floor(operand / per) * unit`. */
export interface OperandPrice {
  readonly per: number;
  readonly unit: number;
}

const operandPrices = new Map<string, OperandPrice>([
  ...FUEL_TABLE.byBytes.map((name) => [name, { per: FUEL_TABLE.bytesPerFuel, unit: 1 }] as const),
  ...FUEL_TABLE.byElements.map((name) => [name, { per: 1, unit: FUEL_TABLE.element }] as const),
  ...FUEL_TABLE.byPages.map((name) => [name, { per: 1, unit: FUEL_TABLE.page }] as const),
]);

export function priceOf(name: string): number {
  const price = FUEL_TABLE.instructions[name];
  if (price === undefined) throw new Error(`the fuel table has no price for ${name}`);
  return price;
}

export function operandPriceOf(name: string): OperandPrice | undefined {
  return operandPrices.get(name);
}
