/** Entry of `wasm-engine/testing`: worlds inside of tests. */

export { MiniWorld, WorldSnapshot, createWorld } from "./mini-world.js";
export type { Only, RestOptions, RunOptions } from "./mini-world.js";
export type { NewAnswers } from "./given-answers.js";
export type {
  AgentOptions,
  AgentsWorld,
  ConfiguredWorld,
  ModuleSource,
  TestInput,
  WorldOptions,
} from "./world-options.js";
export { AnswerFailure, fail, inOrder, never } from "./answers.js";
export type {
  AskedRequest,
  Latency,
  LatencyTicks,
  ModelAnswers,
  ModelFunction,
  ToolAnswers,
  ToolFunction,
} from "./answers.js";
export { assertGolden, assertSameRun } from "./golden-run.js";
export type { GoldenOptions } from "./golden-run.js";
export { standIn } from "./stand-in.js";
export type { StandInAnswer, StandInMessage, StandInScript } from "./stand-in.js";
export { scripted } from "./scripted.js";
export type { ScriptedRule } from "./scripted.js";
export type {
  ChatTurn,
  TestAgent,
  TestAnswer,
  TestAwait,
  TestConsoleLine,
  TestDeadLetter,
  TestEffect,
  TestFault,
  TestMessage,
  TestRequest,
} from "../observed/observations.js";
