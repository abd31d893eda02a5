/** `publish TOPIC JSON`: one logged input for everybody who has joined the topic. */

import type { Payload } from "@wasm-engine/engine";
import type { CommandFunction } from "../command.js";
import { textOption } from "../command.js";
import { acknowledged, jsonArgument, withLiveWorld } from "../live-world.js";

export const publish: CommandFunction = async ({ parsed, signal }) => {
  const [topic = "", json = ""] = parsed.arguments;
  const body = (await jsonArgument("publish", json)) as Payload; // JSON.parse gives JSON
  const key = textOption(parsed, "id");
  const options = { signal, ...(key === undefined ? {} : { key }) };
  return withLiveWorld(parsed, async (world) => acknowledged(await world.publish(topic, body, options)));
};
