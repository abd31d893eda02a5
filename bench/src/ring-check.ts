/** Compares a world that stands still with the plain simulation of the ring. */

import type { WorldReport } from "wasm-engine";
import { messageWords, simulateRing, stationName } from "./ring.js";

interface Arrived {
  readonly station: string;
  readonly words: Uint32Array;
}

/** `equal`, or the first difference as a sentence. */
export function checkRing(stations: number, report: WorldReport): string {
  const waiting = messagesInFlight(report);
  if (waiting.size !== stations) return `${waiting.size} messages in flight, not ${stations}`;
  const state = simulateRing(stations, (number) => waiting.get(number)?.words[1] ?? 0);
  for (const [number, { words }] of waiting) {
    const at = number * messageWords;
    const differs = words.findIndex((word, index) => word !== state.messages[at + index]);
    if (differs >= 0) return `message ${number} has ${words[differs]} as word ${differs}`;
  }
  const agents = new Map(report.agents.map((agent) => [agent.agentId as string, agent.describe]));
  for (let station = 0; station < stations; station += 1) {
    const expected = { count: state.counts[station], checksum: state.checksums[station] };
    const actual = JSON.stringify(agents.get(stationName(station)));
    if (actual !== JSON.stringify(expected))
      return `station ${station} says ${actual}, not ${JSON.stringify(expected)}`;
  }
  return "equal";
}

/** By number. A message that is there twice counts once, so a lost one is missed. */
function messagesInFlight(report: WorldReport): Map<number, Arrived> {
  const found = new Map<number, Arrived>();
  for (const { agentId, mailbox } of report.agents) {
    for (const { payload } of mailbox) {
      if (typeof payload !== "string") continue;
      const bytes = new Uint8Array(Buffer.from(payload, "base64"));
      const words = new Uint32Array(bytes.buffer);
      found.set(words[2] ?? -1, { station: agentId, words });
    }
  }
  return found;
}
