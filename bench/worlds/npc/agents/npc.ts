/** An inhabitant that says nothing but its greetings. */

import { run } from "@wasm-engine/sdk-assemblyscript";
import { Npc } from "./npc-body";
export * from "@wasm-engine/sdk-assemblyscript/entry";

run(new Npc());
