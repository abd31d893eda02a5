/**
 * One airport. It states, for each departing flight, the probability of a delay over 15 minutes, from its own running
 * statistics and from what flights bring along:
 *
 *   departure (outside)   -> states p, sends the flight on with its own coefficients, tells the arbiter p
 *   flight (other origin) -> blends the coefficients that the flight carries into its own
 *   arrival (outside)     -> the outcome is known: tells the origin and the arbiter, remembers how late arrivals are
 *   outcome (destination) -> one step of logistic regression on the flight that it once stated p for
 *
 * It never sees an outcome before the flight has arrived.
 */

import { Agent, JsonWriter, Message, lookup, run, send } from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry";

const FEATURES: i32 = 12;
const TICKS_PER_DAY: f64 = 144;
const LATE_MINUTES: f64 = 15;
/** Log-odds of a late flight before anything is known: about one in five, as everybody knows of air travel. */
const PRIOR_LOG_ODDS: f64 = -1.3;
const PRIOR_RATE: f64 = 0.21;
const LEARNING_RATE: f64 = 0.2;
/** Outcomes after which the learning rate has fallen to 0.7 of its start. */
const LEARNING_DECAY: f64 = 50;
/** Weight of what a flight brings along. */
const BLEND: f64 = 0.3;
/** Recent lateness fades by 1/e in six hours. */
const FADE_TICKS: f64 = 36;
const RECENT_PRIOR_WEIGHT: f64 = 0.5;
const RATE_PRIOR_WEIGHT: f64 = 20;

/** Share of late flights, the older the less. */
class FadingRate {
  late: f64 = 0;
  all: f64 = 0;
  last: f64 = 0;

  add(tick: f64, late: f64): void {
    const kept = Math.exp((this.last - tick) / FADE_TICKS);
    this.late = this.late * kept + late;
    this.all = this.all * kept + 1;
    this.last = tick;
  }

  at(tick: f64): f64 {
    const kept = Math.exp((this.last - tick) / FADE_TICKS);
    return (this.late * kept + RECENT_PRIOR_WEIGHT * PRIOR_RATE) / (this.all * kept + RECENT_PRIOR_WEIGHT);
  }
}

/** A flight whose outcome is not known yet. */
class Pending {
  constructor(
    readonly features: StaticArray<f64>,
    readonly probability: f64,
  ) {}
}

class Airport extends Agent {
  private latitude: f64 = 0;
  private longitude: f64 = 0;
  private arbiter: u64 = 0;
  private coefficients: StaticArray<f64> = new StaticArray<f64>(FEATURES);
  private arrivals: FadingRate = new FadingRate();
  private departures: FadingRate = new FadingRate();
  private outcomes: f64 = 0;
  private lateOutcomes: f64 = 0;
  private flights: Map<i32, Pending> = new Map<i32, Pending>();

  onStart(message: Message): void {
    const options = message.json;
    this.latitude = options.number("latitude", 0);
    this.longitude = options.number("longitude", 0);
  }

  onMessage(message: Message): void {
    const topic = message.topic;
    if (topic == "departure") this.depart(message);
    else if (topic == "flight") this.welcome(message);
    else if (topic == "arrival") this.arrive(message);
    else if (topic == "outcome") this.learn(message);
  }

  describe(json: JsonWriter): void {
    json
      .integer("outcomes", <i64>this.outcomes)
      .integer("late", <i64>this.lateOutcomes)
      .integer("inTheAir", this.flights.size)
      .beginObject("view")
      .number("x", this.longitude)
      .number("y", this.latitude)
      .number("size", this.outcomes)
      .end();
  }

  private depart(message: Message): void {
    const body = message.json;
    const flight = <i32>body.number("flight");
    const features = this.featuresAt(<f64>message.tick, body.number("distance"));
    let logOdds = PRIOR_LOG_ODDS;
    for (let index = 0; index < FEATURES; index++) logOdds += this.coefficients[index] * features[index];
    const probability = 1 / (1 + Math.exp(-logOdds));
    this.flights.set(flight, new Pending(features, probability));

    const onward = new JsonWriter().integer("flight", flight).number("outcomes", this.outcomes);
    onward.beginArray("coefficients");
    for (let index = 0; index < FEATURES; index++) onward.addNumber(this.coefficients[index]);
    send<string, JsonWriter>(body.text("destination"), "flight", onward);

    if (this.arbiter == 0) this.arbiter = lookup("arbiter");
    const statement = new JsonWriter().integer("flight", flight).number("probability", probability);
    send<u64, JsonWriter>(this.arbiter, "statement", statement);
  }

  private welcome(message: Message): void {
    const body = message.json;
    const theirs = body.number("outcomes", 0);
    const carried = body.get("coefficients").elements();
    if (theirs == 0 || carried.length != FEATURES) return;
    const weight = (BLEND * theirs) / (theirs + this.outcomes);
    for (let index = 0; index < FEATURES; index++) {
      this.coefficients[index] += weight * (carried[index].asNumber(0) - this.coefficients[index]);
    }
  }

  private arrive(message: Message): void {
    const body = message.json;
    const late = body.number("delay") > LATE_MINUTES;
    this.arrivals.add(<f64>message.tick, late ? 1 : 0);
    const outcome = new JsonWriter().integer("flight", <i64>body.number("flight")).boolean("late", late);
    send<string, JsonWriter>(body.text("origin"), "outcome", outcome);
    send<string, JsonWriter>("arbiter", "outcome", outcome);
  }

  private learn(message: Message): void {
    const body = message.json;
    const flight = <i32>body.number("flight");
    if (!this.flights.has(flight)) return;
    const pending = this.flights.get(flight);
    this.flights.delete(flight);
    const late: f64 = body.boolean("late") ? 1 : 0;
    const rate = LEARNING_RATE / Math.sqrt(1 + this.outcomes / LEARNING_DECAY);
    const error = late - pending.probability;
    for (let index = 0; index < FEATURES; index++) this.coefficients[index] += rate * error * pending.features[index];
    this.departures.add(<f64>message.tick, late);
    this.outcomes += 1;
    this.lateOutcomes += late;
  }

  /** Hour as two waves, weekday, distance, and how late flights lately were, here and on the way here. */
  private featuresAt(tick: f64, distance: f64): StaticArray<f64> {
    const features = new StaticArray<f64>(FEATURES);
    const day = Math.floor(tick / TICKS_PER_DAY);
    const angle = (2 * Math.PI * (tick - day * TICKS_PER_DAY)) / TICKS_PER_DAY;
    const weekday = day % 7; // 1 January 2001 was a Monday
    features[0] = 1;
    features[1] = Math.sin(angle);
    features[2] = Math.cos(angle);
    features[3] = Math.sin(2 * angle);
    features[4] = Math.cos(2 * angle);
    features[5] = weekday == 3 || weekday == 4 ? 1 : 0;
    features[6] = weekday >= 5 ? 1 : 0;
    features[7] = distance / 1000 - 0.7;
    features[8] = this.arrivals.at(tick) - PRIOR_RATE;
    features[9] = this.departures.at(tick) - PRIOR_RATE;
    features[10] = (this.lateOutcomes + RATE_PRIOR_WEIGHT * PRIOR_RATE) / (this.outcomes + RATE_PRIOR_WEIGHT) - PRIOR_RATE;
    features[11] = Math.min(1, this.flights.size / 10);
    return features;
  }
}

run(new Airport());
