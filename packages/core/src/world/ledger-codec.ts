/** Canonical form of an agent's ledger, in state hashes, snapshots and for ids that return. */

import type { CborValue } from "../codec/cbor.js";
import type { Ledger } from "../ports.js";

export function ledgerValue(ledger: Ledger): CborValue {
  return [ledger.requests, ledger.messages, ledger.spawns, ledger.streams];
}

export function ledgerOf(value: CborValue): Ledger {
  const [requests, messages, spawns, streams] = value as [number, number, number, [string, number][]]; // by ledgerValue
  return { requests, messages, spawns, streams };
}
