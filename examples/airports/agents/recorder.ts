/**
 * An airport that forecasts nothing and publishes what a forecast would be made of: the training set of
 * `npm run train:airports` comes from the same code that asks the model later.
 */

import { JsonWriter, publish, run } from "@wasm-engine/sdk-assemblyscript";
import { FEATURES, Traffic } from "./traffic";
export * from "@wasm-engine/sdk-assemblyscript/entry";

class Recorder extends Traffic {
  protected forecast(flight: u32, features: StaticArray<f32>, _tick: u64): void {
    const record = new JsonWriter().integer("flight", flight).beginArray("features");
    for (let index = 0; index < FEATURES; index++) record.addNumber(features[index]);
    publish("departed", record);
  }

  protected arrived(flight: u32, late: bool): void {
    publish("arrived", new JsonWriter().integer("flight", flight).boolean("late", late));
  }
}

run(new Recorder());
