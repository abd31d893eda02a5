/** Public surface of the AssemblyScript SDK. The exports of an agent module are in `entry.ts`. */

export { Agent, fail, run } from "./assembly/agent";
export { Json, JsonKind } from "./assembly/json";
export { JsonWriter } from "./assembly/json-writer";
export { Message } from "./assembly/message";
export {
  DEFAULT_TIMEOUT,
  NO_TIMEOUT,
  after,
  callTool,
  cancel,
  exit,
  infer,
  join,
  leave,
  log,
  logAt,
  lookup,
  publish,
  random,
  randomBytes,
  request,
  scheduleTask,
  send,
  spawn,
  spawnedHandle,
  tick,
  time,
} from "./assembly/host";
export { Tensor } from "./assembly/tensor";
export { Encoding, LogLevel, MessageFlag, MessageKind, Refusal, TensorType } from "./assembly/abi";
