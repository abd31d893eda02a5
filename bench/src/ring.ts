/**
 * The ring, the workload of every message benchmark: N stations, N messages of 64 bytes in flight. A message's path
 * depends on nothing but its payload, and a station's checksum not on the order of arrival, so the result of any
 * engine can be compared with the plain simulation here.
 */

export const messageWords = 16;
export const messageBytes: number = messageWords * 4;

/** Names of the stations, as the agents of the worlds know each other. */
export function stationName(station: number): string {
  return `s${station}`;
}

/** The message `number` before its first hop, as 16 words. */
export function writeFirst(words: Uint32Array, offset: number, number: number): void {
  words[offset] = Math.imul(number + 1, 2654435761);
  words[offset + 1] = 0;
  words[offset + 2] = number;
  for (let word = 3; word < messageWords; word += 1) {
    words[offset + word] = Math.imul(number, 2246822519) + Math.imul(word, 3266489917);
  }
}

/** Where the path leads after the value `path`. */
export function stationOf(path: number, stations: number): number {
  return (path >>> 8) % stations;
}

export function nextPath(path: number): number {
  return (Math.imul(path, 1664525) + 1013904223) >>> 0;
}

/** What a station adds to its checksum for a message. */
export function checksumOf(words: Uint32Array, offset: number): number {
  let sum = 0;
  for (let word = 0; word < messageWords; word += 1) {
    // Signed in between: the compiler keeps such numbers in registers.
    sum = (Math.imul(sum, 31) + (words[offset + word] ?? 0)) | 0;
  }
  return sum >>> 0;
}

/** Per station: messages handled, and the sum of their checksums modulo 2^32. */
export interface RingState {
  readonly counts: Uint32Array;
  readonly checksums: Uint32Array;
  /** The messages in flight, 16 words each, by number. */
  readonly messages: Uint32Array;
}

/** The ring after message `number` has been handled `hops(number)` times. */
export function simulateRing(stations: number, hops: (number: number) => number): RingState {
  const counts = new Uint32Array(stations);
  const checksums = new Uint32Array(stations);
  const messages = new Uint32Array(stations * messageWords);
  for (let number = 0; number < stations; number += 1) {
    const at = number * messageWords;
    writeFirst(messages, at, number);
    for (let left = hops(number); left > 0; left -= 1) handle({ counts, checksums, messages }, at);
  }
  return { counts, checksums, messages };
}

/** One hop of the message at `at`: the station that it has reached handles it. Returns that station. */
export function handle({ counts, checksums, messages }: RingState, at: number): number {
  const path = messages[at] ?? 0;
  const station = stationOf(path, counts.length);
  counts[station] = (counts[station] ?? 0) + 1;
  checksums[station] = (checksums[station] ?? 0) + checksumOf(messages, at);
  messages[at] = nextPath(path);
  messages[at + 1] = (messages[at + 1] ?? 0) + 1;
  return station;
}

/** Source of the table of handles that the ring's agent imports. */
export function handlesSource(stations: number, handleOf: (station: number) => number): string {
  const handles = Array.from({ length: stations }, (_, station) => handleOf(station));
  return `export const handles: StaticArray<u64> = [${handles.join(", ")}];\n`;
}
