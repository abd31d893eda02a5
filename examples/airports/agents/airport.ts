/**
 * One airport with its models. For each departing flight it asks two of them for the probability of a delay over
 * 15 minutes: "delay" knows the calendar and what arriving flights have told; "calendar" knows only hour, weekday and
 * distance, and is asked about flights that are scored. The answers come two ticks later, while the world goes on, and
 * the probabilities go to the arbiter. Flights and mail: traffic.ts.
 */

import { JsonWriter, Message, Tensor, infer, lookup, run, send } from "@wasm-engine/sdk-assemblyscript";
import { CALENDAR_FEATURES, Traffic } from "./traffic";
export * from "@wasm-engine/sdk-assemblyscript/entry";

/** A flight whose models have not all answered yet. */
class Forecast {
  delay: f64 = -1;
  calendar: f64 = -1;

  constructor(
    readonly flight: u32,
    readonly departed: u64,
    readonly delayRequest: i32,
    /** 0: the calendar is not asked about this flight. */
    readonly calendarRequest: i32,
  ) {}

  get isComplete(): bool {
    return this.delay >= 0 && (this.calendarRequest == 0 || this.calendar >= 0);
  }
}

class Airport extends Traffic {
  /** Forecasts of flights that depart from this tick on are summed up for inspectors. */
  private scoreFrom: u64 = 0;
  private arbiter: u64 = 0;
  private asked: Map<i32, Forecast> = new Map<i32, Forecast>();
  private forecasts: i32 = 0;
  private sum: f64 = 0;
  private failures: i32 = 0;

  onStart(message: Message): void {
    super.onStart(message);
    this.scoreFrom = <u64>message.json.number("scoreFrom", 0);
  }

  onAnswer(answer: Message): void {
    const request = <i32>answer.correlationId;
    if (!this.asked.has(request)) return;
    const forecast = this.asked.get(request);
    if (answer.isError) return this.giveUp(forecast);
    const tensor = answer.tensor();
    if (tensor === null) return this.giveUp(forecast);
    this.asked.delete(request);
    if (request == forecast.delayRequest) forecast.delay = tensor[0];
    else forecast.calendar = tensor[0];
    if (forecast.isComplete) this.state(forecast);
  }

  protected forecast(flight: u32, features: StaticArray<f32>, tick: u64): void {
    const delayRequest = infer("delay", Tensor.row(features));
    const calendarRequest = tick >= this.scoreFrom ? this.askCalendar(features) : 0;
    const forecast = new Forecast(flight, tick, delayRequest, calendarRequest);
    if (delayRequest < 0 || calendarRequest < 0) return this.giveUp(forecast);
    this.asked.set(delayRequest, forecast);
    if (calendarRequest > 0) this.asked.set(calendarRequest, forecast);
  }

  protected arrived(flight: u32, late: bool): void {
    const outcome = new JsonWriter().integer("flight", flight).boolean("late", late);
    send<u64, JsonWriter>(this.judge, "outcome", outcome);
  }

  protected describeForecasts(json: JsonWriter): void {
    json
      .integer("forecasts", this.forecasts)
      .number("meanForecast", this.forecasts == 0 ? 0 : this.sum / this.forecasts)
      .integer("failures", this.failures);
  }

  private get judge(): u64 {
    if (this.arbiter == 0) this.arbiter = lookup("arbiter");
    return this.arbiter;
  }

  private askCalendar(features: StaticArray<f32>): i32 {
    const calendar = new StaticArray<f32>(CALENDAR_FEATURES);
    for (let index = 0; index < CALENDAR_FEATURES; index++) calendar[index] = features[index];
    return infer("calendar", Tensor.row(calendar));
  }

  private state(forecast: Forecast): void {
    if (forecast.departed >= this.scoreFrom) {
      this.forecasts += 1;
      this.sum += forecast.delay;
    }
    const statement = new JsonWriter()
      .integer("flight", forecast.flight)
      .integer("departed", forecast.departed)
      .number("delay", forecast.delay);
    if (forecast.calendarRequest > 0) statement.number("calendar", forecast.calendar);
    send<u64, JsonWriter>(this.judge, "statement", statement);
  }

  /** A flight without its answers gets no forecast. */
  private giveUp(forecast: Forecast): void {
    this.asked.delete(forecast.delayRequest);
    this.asked.delete(forecast.calendarRequest);
    this.failures += 1;
  }
}

run(new Airport());
