/**
 * What every airport does with flights, whoever makes the forecast:
 *
 *   departure (outside)   -> computes the features of a forecast and asks for it; writes down what is known here
 *                            and lets the flight carry it
 *   flight (origin)       -> the letter on board; it stays closed while the flight is in the air
 *   arrival (outside)     -> the outcome is known. With mail, the letter is opened, the flight noted, and the origin
 *                            told what is known here
 *   outcome (destination) -> the origin learns how its flight went, and what its destination knows
 *
 * No airport sees an outcome before the flight has arrived. With `mail: false` arrivals tell nobody anything: the
 * same flights, the same letters on board, but nobody opens them.
 */

import { Agent, JsonWriter, Message, lookup, send } from "@wasm-engine/sdk-assemblyscript";
import { Lateness, Notebook, Place } from "./notebook";

const TICKS_PER_DAY: u64 = 144;
const TICKS_PER_HOUR: f32 = 6;
const LATE_MINUTES: f64 = 15;

/** Columns of the models' input; the first CALENDAR_FEATURES need no mail. */
export const FEATURES: i32 = 7;
export const CALENDAR_FEATURES: i32 = 3;

export abstract class Traffic extends Agent {
  protected place: Place = new Place(0, 0);
  protected notebook: Notebook = new Notebook(new Place(0, 0));
  private hasMail: bool = true;
  private handles: Map<string, u64> = new Map<string, u64>();
  /** Where airports lie that have told something. */
  private places: Map<u64, Place> = new Map<u64, Place>();
  /** Letters on board of flights that are on their way here. */
  private letters: Map<u32, Uint8Array> = new Map<u32, Uint8Array>();
  private departures: i32 = 0;
  private arrivals: i32 = 0;

  onStart(message: Message): void {
    const options = message.json;
    this.place = Place.ofDegrees(options.number("latitude", 0), options.number("longitude", 0));
    this.notebook = new Notebook(this.place);
    this.hasMail = options.boolean("mail", true);
  }

  onMessage(message: Message): void {
    const topic = message.topic;
    if (topic == "departure") this.depart(message);
    else if (topic == "flight") this.letters.set(load<u32>(message.payloadPointer, 4), message.payload);
    else if (topic == "arrival") this.arrive(message);
    else if (topic == "outcome") this.open(message);
  }

  describe(json: JsonWriter): void {
    json
      .integer("departures", this.departures)
      .integer("arrivals", this.arrivals)
      .integer("inTheAir", this.letters.size)
      .integer("notes", this.notebook.count);
    this.describeForecasts(json);
    json
      .beginObject("view")
      .number("x", <f64>this.place.longitude / 100)
      .number("y", <f64>this.place.latitude / 100)
      .number("size", this.departures + this.arrivals)
      .end();
  }

  /** A flight departs now. */
  protected abstract forecast(flight: u32, features: StaticArray<f32>, tick: u64): void;

  /** A flight arrived here. */
  protected abstract arrived(flight: u32, late: bool): void;

  /** Members of `describe` beside those of every airport. */
  protected describeForecasts(_json: JsonWriter): void {}

  private depart(message: Message): void {
    const body = message.json;
    const flight = <u32>body.number("flight");
    const distance = <f32>body.number("distance");
    const destination = this.handleOf(body.text("destination"));
    const place = this.places.has(destination) ? this.places.get(destination) : null;
    const lateness = this.notebook.lateness(<u32>message.tick, place);
    this.departures += 1;
    send<u64, Uint8Array>(destination, "flight", this.notebook.letter(flight));
    this.forecast(flight, featuresOf(message.tick, distance, lateness), message.tick);
  }

  private arrive(message: Message): void {
    const body = message.json;
    const flight = <u32>body.number("flight");
    const late = body.number("delay") > LATE_MINUTES;
    this.arrivals += 1;
    this.arrived(flight, late);
    if (!this.letters.has(flight)) return;
    const letter = this.letters.get(flight);
    this.letters.delete(flight);
    if (!this.hasMail) return;
    const origin = this.handleOf(body.text("origin"));
    this.places.set(origin, Place.ofLetter(letter.dataStart));
    this.notebook.add(<u32>message.tick, flight, late, letter);
    send<u64, Uint8Array>(origin, "outcome", this.notebook.letter(flight));
  }

  private open(message: Message): void {
    const letter = message.payloadPointer;
    this.places.set(message.peer, Place.ofLetter(letter));
    this.notebook.read(letter, message.payloadBytes, <u32>message.tick);
  }

  private handleOf(id: string): u64 {
    if (this.handles.has(id)) return this.handles.get(id);
    const handle = lookup(id);
    this.handles.set(id, handle);
    return handle;
  }
}

/** Hour of departure, weekday (0 is Monday), miles, and what is known of lateness. */
function featuresOf(tick: u64, distance: f32, lateness: Lateness): StaticArray<f32> {
  const features = new StaticArray<f32>(FEATURES);
  features[0] = <f32>(tick % TICKS_PER_DAY) / TICKS_PER_HOUR;
  features[1] = <f32>((tick / TICKS_PER_DAY) % 7); // 1 January 2001 was a Monday
  features[2] = distance;
  features[3] = <f32>lateness.lately;
  features[4] = <f32>lateness.today;
  features[5] = <f32>lateness.here;
  features[6] = <f32>lateness.there;
  return features;
}
