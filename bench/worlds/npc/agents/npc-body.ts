/**
 * An inhabitant of a game's world with a turn in every tick: needs that grow, a place, a map of where it has been that it
 * marks as it walks, a bag whose content it sorts at times, and a diary of whom it met. About one in sixteen ticks it tells a
 * neighbour where it is. All of it is state in memory, on pages of their own, and changes as it would in a game.
 */

import { Agent, JsonWriter, Message, lookup, send } from "@wasm-engine/sdk-assemblyscript";

const SIDE: i32 = 128;
const BAG: i32 = 512;
const DIARY: i32 = 256;
const NEIGHBOURS: i32 = 4;

class Meeting {
  who: u64 = 0;
  x: i32 = 0;
  y: i32 = 0;
}

export class Npc extends Agent {
  private x: i32 = 0;
  private y: i32 = 0;
  private hunger: f32 = 0;
  private fatigue: f32 = 0;
  private path: u32 = 1;
  private number: u32 = 0;
  private steps: u32 = 0;
  private met: u32 = 0;
  private map: Uint8Array = new Uint8Array(SIDE * SIDE);
  private bag: Int32Array = new Int32Array(BAG);
  private diary: StaticArray<Meeting> = new StaticArray<Meeting>(DIARY);
  private neighbours: StaticArray<u64> = new StaticArray<u64>(NEIGHBOURS);
  private greeting: Uint8Array = new Uint8Array(8);

  onStart(message: Message): void {
    const number = <u32>message.json.number("number");
    const population = <u32>message.json.number("population");
    this.number = number;
    this.path = (number + 1) * 2654435761;
    this.x = <i32>(number * 37 % SIDE);
    this.y = <i32>(number * 91 % SIDE);
    for (let index = 0; index < BAG; index++) this.bag[index] = <i32>(this.next() & 0xffff);
    for (let index = 0; index < DIARY; index++) this.diary[index] = new Meeting();
    for (let index = 0; index < NEIGHBOURS; index++) {
      this.neighbours[index] = lookup("s" + ((number + 1 + index * 7) % population).toString());
    }
  }

  onCadence(_context: Message): void {
    this.steps += 1;
    this.hunger = this.hunger * 0.999 + 0.01;
    this.fatigue = this.fatigue * 0.998 + 0.02;
    const choice = this.next() >>> 16;
    this.x = (this.x + <i32>(choice & 3) - 1 + SIDE) % SIDE;
    this.y = (this.y + <i32>((choice >>> 2) & 3) - 1 + SIDE) % SIDE;
    this.look();
    if ((choice & 0xf0) == 0) this.greet(choice >>> 8);
    // Nobody tidies up when all others do.
    if ((this.steps + this.number) % 128 == 0) this.tidyBag();
  }

  onMessage(message: Message): void {
    const meeting = this.diary[this.met % DIARY];
    meeting.who = message.peer;
    meeting.x = load<i32>(message.payloadPointer);
    meeting.y = load<i32>(message.payloadPointer, 4);
    this.met += 1;
    this.fatigue *= 0.5;
  }

  /** Marks what it sees: the surroundings become known, what was seen long ago fades a little. */
  private look(): void {
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const at = ((this.y + dy + SIDE) % SIDE) * SIDE + (this.x + dx + SIDE) % SIDE;
        const known = this.map[at];
        this.map[at] = known < 250 ? known + 1 : 200;
      }
    }
  }

  private greet(choice: u32): void {
    store<i32>(this.greeting.dataStart, this.x);
    store<i32>(this.greeting.dataStart, this.y, 4);
    send(this.neighbours[choice % NEIGHBOURS], "greeting", this.greeting);
  }

  /** Moves the heavier of two things that lie side by side up. */
  private tidyBag(): void {
    for (let index = 1; index < BAG; index++) {
      const left = this.bag[index - 1];
      if (left < this.bag[index]) continue;
      this.bag[index - 1] = this.bag[index];
      this.bag[index] = left;
    }
    this.bag[BAG - 1] = <i32>(this.next() & 0xffff);
  }

  private next(): u32 {
    this.path = this.path * 1664525 + 1013904223;
    return this.path;
  }

  describe(json: JsonWriter): void {
    json.integer("x", this.x).integer("y", this.y).integer("steps", this.steps).integer("met", this.met);
  }
}
