/**
 * A JavaScript program in the interpreter: objects with methods, closures, arrays, a sort, a map, strings, JSON. A message
 * `{ rounds }` makes it work; the checksum is its state. TypeScript, built like any agent.
 */

import { defineAgent, type Message } from "wasm-engine/agent";

abstract class Shape {
  constructor(readonly id: number) {}
  abstract area(scale: number): number;
  describe(scale: number): string {
    return `${this.constructor.name}#${this.id}:${Math.floor(this.area(scale))}`;
  }
}

class Box extends Shape {
  constructor(
    id: number,
    readonly width: number,
    readonly height: number,
  ) {
    super(id);
  }
  area(scale: number): number {
    return this.width * this.height * scale * scale;
  }
}

class Disc extends Shape {
  constructor(
    id: number,
    readonly radius: number,
  ) {
    super(id);
  }
  area(scale: number): number {
    return 3.140625 * this.radius * this.radius * scale * scale;
  }
}

interface Constraint {
  readonly from: number;
  readonly to: number;
  readonly weight: number;
}

/** Cheapest ways from node 0 through a graph, by relaxation until nothing changes. */
function relax(nodes: number, constraints: readonly Constraint[]): number[] {
  const distances = new Array<number>(nodes).fill(Infinity);
  distances[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (const { from, to, weight } of constraints) {
      const next = (distances[from] ?? Infinity) + weight;
      if (next < (distances[to] ?? Infinity)) {
        distances[to] = next;
        changed = true;
      }
    }
  }
  return distances;
}

function fold(hash: number, value: number): number {
  return Math.imul(hash ^ value, 16777619) >>> 0;
}

function foldText(hash: number, text: string): number {
  for (let at = 0; at < text.length; at += 1) hash = fold(hash, text.charCodeAt(at));
  return hash;
}

function work(seed: number): number {
  let random = seed | 1;
  const next = (limit: number): number => {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0;
    return (random >>> 8) % limit;
  };
  let hash = seed;
  const shapes: Shape[] = [];
  for (let id = 0; id < 60; id += 1)
    shapes.push(next(2) === 0 ? new Box(id, next(50), next(50)) : new Disc(id, next(40)));
  shapes.sort((left, right) => left.area(1) - right.area(1) || left.id - right.id);
  for (const shape of shapes) hash = foldText(hash, shape.describe(0.5));
  const constraints = Array.from({ length: 300 }, () => ({ from: next(80), to: next(80), weight: next(100) }));
  for (const distance of relax(80, constraints)) hash = fold(hash, distance === Infinity ? 7 : distance);
  const groups = new Map<string, number[]>();
  for (let count = 0; count < 200; count += 1) {
    const name = `group ${next(12)}`;
    const members = groups.get(name) ?? [];
    members.push(next(1000));
    groups.set(name, members);
  }
  const document = JSON.stringify([...groups].map(([name, members]) => ({ name, members })));
  const parsed = JSON.parse(document) as { name: string; members: number[] }[];
  for (const { name, members } of parsed)
    hash = fold(
      foldText(hash, name.split(" ").reverse().join("-")),
      members.filter((member) => member % 3 === 0).reduce((sum, member) => sum + member, 0),
    );
  return hash;
}

export const agent = defineAgent({
  state: { checksum: 2166136261 },
  onMessage(message: Message<{ rounds: number }>, ctx) {
    for (let round = 0; round < message.body.rounds; round += 1) ctx.state.checksum = work(ctx.state.checksum);
  },
});
