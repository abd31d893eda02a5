/** Exercises every function of the AssemblyScript SDK; the test compares what it says. */

import {
  Agent,
  Encoding,
  Json,
  JsonKind,
  JsonWriter,
  LogLevel,
  Message,
  Tensor,
  TensorType,
  after,
  callTool,
  cancel,
  exit,
  fail,
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
  run,
  scheduleTask,
  send,
  spawn,
  spawnedHandle,
  tick,
  time,
} from "@wasm-engine/sdk-assemblyscript";
export * from "@wasm-engine/sdk-assemblyscript/entry-with-state";

class Probe extends Agent {
  private seen: i32 = 0;
  private last: Message | null = null;

  onStart(message: Message): void {
    log("start " + message.json.text("name"));
  }

  onMessage(message: Message): void {
    this.seen += 1;
    const topic = message.topic;
    if (topic == "echo") message.reply(message);
    else if (topic == "json") this.rewrite(message);
    else if (topic == "bytes") this.reverse(message);
    else if (topic == "calls") this.calls();
    else if (topic == "ask model") this.askModel();
    else if (topic == "tensors") this.relayTensors(message);
    else if (topic == "fail") fail(message.payloadBytes);
    else if (topic == "trap") assert(false);
    else if (topic == "keep") this.last = message;
    else if (topic == "kept") log(this.last!.text);
    else if (topic == "refused") log(send("nobody", "x", "y").toString() + send(1, "x", "y").toString());
  }

  onAnswer(answer: Message): void {
    log(
      "answer " + answer.correlationId.toString() + " " + answer.errorCode + (answer.isLast ? " last" : ""),
    );
  }

  onTimer(message: Message): void {
    log("timer " + message.topic + " " + message.text);
  }

  onTask(task: Message): void {
    log("task " + task.topic);
  }

  onCadence(context: Message): void {
    log("cadence " + context.tick.toString());
  }

  onStop(_message: Message): void {
    log("stop");
  }

  onShutdown(): void {
    log("shutdown");
  }

  describe(json: JsonWriter): void {
    json.integer("seen", this.seen).beginObject("view").text("label", "probe").end();
  }

  exportState(): Uint8Array {
    const state = new Uint8Array(1);
    state[0] = <u8>this.seen;
    return state;
  }

  importState(state: Uint8Array): bool {
    if (state.length != 1) return false;
    this.seen = state[0];
    return true;
  }

  /** Reads every value of an object and writes it anew. */
  private rewrite(message: Message): void {
    const json = message.json;
    if (json.kind == JsonKind.NONE) {
      message.replyError(new JsonWriter().text("code", "FAILED").text("message", "not JSON"));
      return;
    }
    const writer = new JsonWriter();
    writer.beginObject("copy");
    copyMembers(json, writer);
    writer.end();
    writer.integer("length", json.length).boolean("hasA", json.has("a"));
    message.reply(writer);
  }

  private reverse(message: Message): void {
    const bytes = message.payload;
    bytes.reverse();
    message.reply(bytes);
  }

  private askModel(): void {
    infer("delay", Tensor.row([0.5, -2]));
    const tokens = Tensor.integers([2, 1, 2], "tokens");
    for (let index = 0; index < tokens.length; index++) tokens[index] = index - 1;
    const wide = new Tensor(TensorType.FLOAT64, [], "größe");
    wide[0] = 0.1;
    infer("delay", [tokens, wide, Tensor.floats([0, 3], "none")], 9);
  }

  /** Answers with the tensors as they came and logs their values. */
  private relayTensors(message: Message): void {
    const tensors = message.tensors;
    let line = tensors.length.toString() + (message.tensor() ? " single" : "") + (message.tensor("y") ? " y" : "");
    for (let index = 0; index < tensors.length; index++) {
      const tensor = tensors[index];
      assert(message.tensor(tensor.name) !== null || tensor.name == "");
      line += " " + tensor.name + "[" + tensor.dimensions.join(",") + "]";
      for (let at = 0; at < tensor.length; at++) {
        line += (at == 0 ? "=" : ",") + (tensor.type == TensorType.INT64 ? tensor.integer(at).toString() : tensor[at].toString());
      }
    }
    log(line);
    message.reply(tensors);
  }

  private calls(): void {
    const id = request("critic", "frage", new JsonWriter().number("x", 0.5), 30);
    send(lookup("critic"), "text", "grüße 🦆");
    publish("news", JsonWriter.ofText("[1,2]"));
    join("news");
    leave("news");
    after(12, "later", "tea");
    scheduleTask(new JsonWriter().text("taskId", "t1"), 3);
    cancel(id);
    infer("delay", new Uint8Array(3), 0);
    callTool("search", JsonWriter.ofText('{"q":1}'));
    spawn(new JsonWriter().text("id", "child"));
    logAt(LogLevel.ERROR, "handle " + spawnedHandle().toString());
    const value = random();
    log(value >= 0 && value < 1 && random() != value ? "random" : "not random");
    log(randomBytes(70_000).length.toString());
    log("tick " + tick().toString() + " time " + time().toString());
    exit(3);
  }
}

function copyMembers(json: Json, writer: JsonWriter): void {
  const keys = json.keys();
  for (let index = 0; index < keys.length; index++) {
    const key = keys[index];
    const value = json.get(key);
    switch (<i32>value.kind) {
      case JsonKind.NUMBER:
        writer.number(key, value.asNumber());
        break;
      case JsonKind.TEXT:
        writer.text(key, value.asText());
        break;
      case JsonKind.BOOLEAN:
        writer.boolean(key, value.asBoolean());
        break;
      case JsonKind.NULL:
        writer.nothing(key);
        break;
      case JsonKind.OBJECT:
        writer.beginObject(key);
        copyMembers(value, writer);
        writer.end();
        break;
      default:
        writer.beginArray(key);
        copyElements(value, writer);
        writer.end();
    }
  }
}

function copyElements(json: Json, writer: JsonWriter): void {
  const elements = json.elements();
  for (let index = 0; index < elements.length; index++) {
    const value = elements[index];
    if (value.kind == JsonKind.NUMBER) writer.addNumber(value.asNumber());
    else if (value.kind == JsonKind.TEXT) writer.addText(value.asText());
    else if (value.kind == JsonKind.BOOLEAN) writer.addBoolean(value.asBoolean());
    else if (value.kind == JsonKind.ARRAY) {
      writer.addArray();
      copyElements(value, writer);
      writer.end();
    } else {
      writer.addObject();
      copyMembers(value, writer);
      writer.end();
    }
  }
}

run(new Probe());
