/**
 * What an airport knows of lateness: notes on flights that arrived within a day, anywhere. Airports exchange them
 * as they are, so a note is never counted twice. A notebook and a message hold the same bytes:
 *
 *   letter   i16 latitude, i16 longitude of the writer (hundredths of a degree) · u32 flight · notes
 *   note     u32 tick of arrival · u32 flight × 2 + (1 if late) · i16 latitude, i16 longitude of the origin
 *            · i16 latitude, i16 longitude of the destination
 *
 * Notes are in ascending order of their first 8 bytes: two sets are united in one pass, and sums run in one order.
 */

export const NOTE_BYTES: i32 = 16;
export const LETTER_BYTES: i32 = 8;
/** Notes of a letter, the newest: more say no more, and letters stay below a kilobyte. */
export const LETTER_NOTES_MAX: i32 = 48;
/** Older notes are dropped: a day. */
export const MEMORY_TICKS: i32 = 144;

/** Share of late flights before anything is known: about one in five, as everybody knows of air travel. */
export const PRIOR_RATE: f64 = 0.21;
/** Number of notes that the prior weighs as much as. */
const PRIOR_NOTES: f64 = 2;
/** A note's weight falls by 1/e in six hours, or in a day. */
const QUICK_FADE_TICKS: f64 = 36;
const SLOW_FADE_TICKS: f64 = 144;
/** Half weight at this distance from the nearer end of a flight. */
const NEAR_MILES: f64 = 200;
const MILES_PER_UNIT: f64 = 69.1 / 100;
const RADIANS_PER_UNIT: f64 = Math.PI / 18000;

/** Weights by age in ticks. */
const quickFade = fadeTable(QUICK_FADE_TICKS);
const slowFade = fadeTable(SLOW_FADE_TICKS);

function fadeTable(ticks: f64): StaticArray<f64> {
  const table = new StaticArray<f64>(MEMORY_TICKS + 1);
  for (let age = 0; age <= MEMORY_TICKS; age++) table[age] = Math.exp(-(<f64>age) / ticks);
  return table;
}

/** A point on the map, in hundredths of a degree. */
export class Place {
  private milesPerLongitude: f64;

  constructor(
    readonly latitude: i32,
    readonly longitude: i32,
  ) {
    this.milesPerLongitude = Math.cos(<f64>latitude * RADIANS_PER_UNIT) * MILES_PER_UNIT;
  }

  static ofDegrees(latitude: f64, longitude: f64): Place {
    return new Place(<i32>Math.round(latitude * 100), <i32>Math.round(longitude * 100));
  }

  /** Where the writer of a letter is. */
  static ofLetter(letter: usize): Place {
    return new Place(load<i16>(letter), load<i16>(letter, 2));
  }

  /** Weight of a note: 1 where its origin or destination is here, 1/2 at NEAR_MILES from here. */
  nearness(note: usize): f64 {
    const origin = this.squareMiles(load<i16>(note, 8), load<i16>(note, 10));
    const destination = this.squareMiles(load<i16>(note, 12), load<i16>(note, 14));
    return 1 / (1 + min(origin, destination) / (NEAR_MILES * NEAR_MILES));
  }

  /** On a flat map, true to scale at this place: near by it is right, and far away nothing weighs much. */
  private squareMiles(latitude: i32, longitude: i32): f64 {
    const north = <f64>(latitude - this.latitude) * MILES_PER_UNIT;
    const east = <f64>(longitude - this.longitude) * this.milesPerLongitude;
    return north * north + east * east;
  }
}

/** A share of late flights, weighted. */
class WeightedRate {
  private late: f64 = PRIOR_NOTES * PRIOR_RATE;
  private all: f64 = PRIOR_NOTES;

  add(weight: f64, late: f64): void {
    this.late += weight * late;
    this.all += weight;
  }

  get value(): f64 {
    return this.late / this.all;
  }
}

/** Shares of late flights as far as they are known here. */
export class Lateness {
  constructor(
    /** Everywhere, of the last hours. */
    readonly lately: f64,
    /** Everywhere, of the last day. */
    readonly today: f64,
    /** Near this airport, of the last hours. */
    readonly here: f64,
    /** Near the destination, of the last hours; `lately` where nobody has told yet where that is. */
    readonly there: f64,
  ) {}
}

export class Notebook {
  private notes: StaticArray<u8> = new StaticArray<u8>(0);
  /** Bytes of `notes` in use. */
  private length: i32 = 0;
  /** What the next union is written to; the two change places. */
  private spare: StaticArray<u8> = new StaticArray<u8>(0);

  constructor(private place: Place) {}

  get count(): i32 {
    return this.length / NOTE_BYTES;
  }

  /** Adds a flight that arrived here now, and takes over the notes of the letter that it carried. */
  add(tick: u32, flight: u32, late: bool, letter: Uint8Array): void {
    const note = memory.data(NOTE_BYTES, 8);
    store<u32>(note, tick);
    store<u32>(note, (flight << 1) | (late ? 1 : 0), 4);
    store<u32>(note, load<u32>(letter.dataStart), 8);
    store<i16>(note, <i16>this.place.latitude, 12);
    store<i16>(note, <i16>this.place.longitude, 14);
    this.unite(note, NOTE_BYTES, tick);
    this.read(letter.dataStart, letter.length, tick);
  }

  /** Takes over the notes of a letter. */
  read(letter: usize, bytes: i32, tick: u32): void {
    this.unite(letter + LETTER_BYTES, bytes - LETTER_BYTES, tick);
  }

  /** Takes over notes that are not known yet; drops those that are too old at `tick`. */
  private unite(theirs: usize, bytes: i32, tick: u32): void {
    const needed = this.length + bytes;
    if (this.spare.length < needed) this.spare = new StaticArray<u8>(needed * 2);
    const target = changetype<usize>(this.spare);
    const ours = changetype<usize>(this.notes);
    const ownEnd = ours + <usize>this.length;
    const otherEnd = theirs + <usize>bytes;
    const oldest = tick > <u32>MEMORY_TICKS ? tick - <u32>MEMORY_TICKS : 0;
    let own = ours;
    let other = theirs;
    let end = target;
    let ownKey = own < ownEnd ? keyOf(own) : u64.MAX_VALUE;
    let otherKey = other < otherEnd ? keyOf(other) : u64.MAX_VALUE;
    while (own < ownEnd || other < otherEnd) {
      const source = ownKey <= otherKey ? own : other;
      const isKnown = ownKey == otherKey;
      if (load<u32>(source) >= oldest) {
        store<u64>(end, load<u64>(source));
        store<u64>(end, load<u64>(source, 8), 8);
        end += NOTE_BYTES;
      }
      if (source == own || isKnown) {
        own += NOTE_BYTES;
        ownKey = own < ownEnd ? keyOf(own) : u64.MAX_VALUE;
      }
      if (source == other || isKnown) {
        other += NOTE_BYTES;
        otherKey = other < otherEnd ? keyOf(other) : u64.MAX_VALUE;
      }
    }
    this.length = <i32>(end - target);
    const former = this.notes;
    this.notes = this.spare;
    this.spare = former;
  }

  /** The newest of what is known, as a letter about one flight. */
  letter(flight: u32): Uint8Array {
    const bytes = min(this.length, LETTER_NOTES_MAX * NOTE_BYTES);
    const letter = new Uint8Array(LETTER_BYTES + bytes);
    const at = letter.dataStart;
    store<i16>(at, <i16>this.place.latitude);
    store<i16>(at, <i16>this.place.longitude, 2);
    store<u32>(at, flight, 4);
    memory.copy(at + LETTER_BYTES, changetype<usize>(this.notes) + <usize>(this.length - bytes), bytes);
    return letter;
  }

  /** What the notes say at `tick`. */
  lateness(tick: u32, destination: Place | null): Lateness {
    const lately = new WeightedRate();
    const today = new WeightedRate();
    const here = new WeightedRate();
    const there = new WeightedRate();
    const notes = changetype<usize>(this.notes);
    for (let offset = 0; offset < this.length; offset += NOTE_BYTES) {
      const note = notes + <usize>offset;
      const age = tick - load<u32>(note);
      if (age > <u32>MEMORY_TICKS) continue;
      const late = <f64>(load<u32>(note, 4) & 1);
      const quick = unchecked(quickFade[age]);
      lately.add(quick, late);
      today.add(unchecked(slowFade[age]), late);
      here.add(quick * this.place.nearness(note), late);
      if (destination !== null) there.add(quick * destination.nearness(note), late);
    }
    const known = destination === null ? lately.value : there.value;
    return new Lateness(lately.value, today.value, here.value, known);
  }
}

/** Order of notes: tick of arrival, then flight. */
function keyOf(note: usize): u64 {
  return (<u64>load<u32>(note) << 32) | <u64>load<u32>(note, 4);
}
