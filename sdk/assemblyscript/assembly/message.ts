/** Incoming messages and the region that the host writes them to. */

import { Encoding, MessageField, MessageFlag, MessageKind, Limit } from "./abi";
import { Json } from "./json";
import { answerTo } from "./host";
import { Tensor, readTensors } from "./tensor";

/** A region above this size is given back once a smaller message comes. */
const KEPT_BYTES: i32 = 65_536;

let scratch: usize = 0;
let scratchBytes: i32 = 0;
/** Counts regions handed out: a message knows whether its bytes are still there. */
let generation: u32 = 0;

/** Region for the next message; replaces the previous one. 16-byte aligned. */
export function allocateScratch(bytes: i32): usize {
  generation += 1;
  if (bytes > scratchBytes || (scratchBytes > KEPT_BYTES && bytes <= KEPT_BYTES)) {
    if (scratch != 0) heap.free(scratch);
    scratchBytes = max(bytes, 1024);
    scratch = heap.alloc(scratchBytes);
  }
  return scratch;
}

/**
 * A message as delivered. Numbers are copied and may be kept; topic and payload are read from the host's region and
 * are there until the handler returns, so a handler that keeps a message copies what it needs of them.
 */
@final
export class Message {
  readonly kind: MessageKind;
  readonly encoding: Encoding;
  readonly flags: i32;
  /** Sender's number of this message; what an answer refers to. */
  readonly id: u64;
  /** Request id that this message answers; 0 where it is none. */
  readonly correlationId: u64;
  /** Handle of the sender; 0 is the outside of the world. */
  readonly peer: u64;
  /** Tick of delivery. */
  readonly tick: u64;
  private topicStart: usize;
  private topicBytes: i32;
  private payloadStart: usize;
  /** Bytes of the payload. */
  readonly payloadBytes: i32;
  private generation: u32;

  /** Reads the message that the host placed at `pointer`. */
  constructor(pointer: usize) {
    this.kind = <MessageKind>(<i32>load<u16>(pointer + MessageField.KIND));
    this.encoding = <Encoding>(<i32>load<u8>(pointer + MessageField.ENCODING));
    this.flags = load<u8>(pointer + MessageField.FLAGS);
    this.id = load<u64>(pointer + MessageField.MESSAGE_ID);
    this.correlationId = load<u64>(pointer + MessageField.CORRELATION_ID);
    this.peer = load<u64>(pointer + MessageField.PEER);
    this.tick = load<u64>(pointer + MessageField.TICK);
    this.topicStart = pointer + Limit.MESSAGE_HEADER_BYTES;
    this.topicBytes = load<i32>(pointer + MessageField.TOPIC_BYTES);
    this.payloadStart = (this.topicStart + <usize>this.topicBytes + 7) & ~7;
    this.payloadBytes = load<i32>(pointer + MessageField.PAYLOAD_BYTES);
    this.generation = generation;
  }

  get topic(): string {
    this.checkPresent();
    return String.UTF8.decodeUnsafe(this.topicStart, this.topicBytes);
  }

  /** Address of the payload, for readers of their own. */
  get payloadPointer(): usize {
    this.checkPresent();
    return this.payloadStart;
  }

  /** Copy of the payload. */
  get payload(): Uint8Array {
    this.checkPresent();
    const bytes = new Uint8Array(this.payloadBytes);
    memory.copy(bytes.dataStart, this.payloadStart, this.payloadBytes);
    return bytes;
  }

  /** The payload as text. */
  get text(): string {
    this.checkPresent();
    return String.UTF8.decodeUnsafe(this.payloadStart, this.payloadBytes);
  }

  /** The payload as JSON, in place; kind NONE where it is not JSON. */
  get json(): Json {
    this.checkPresent();
    return Json.check(this.payloadStart, this.payloadStart + <usize>this.payloadBytes, null);
  }

  /** The tensors of a payload of encoding TENSOR, copied; empty where it holds none. */
  get tensors(): Tensor[] {
    this.checkPresent();
    if (this.encoding != Encoding.TENSOR) return [];
    const tensors = readTensors(this.payloadStart, this.payloadBytes);
    return tensors === null ? [] : tensors;
  }

  /**
   * The tensor of that name; null where there is none. A model with one output may leave its name out: without a name,
   * or where the only tensor has none, it is that one.
   */
  tensor(name: string = ""): Tensor | null {
    const tensors = this.tensors;
    if (tensors.length == 1 && (name == "" || tensors[0].name == "")) return tensors[0];
    for (let index = 0; index < tensors.length; index++)
      if (tensors[index].name == name) return tensors[index];
    return null;
  }

  /** The sender waits for an answer: `reply`. */
  get answerWanted(): bool {
    return (this.flags & MessageFlag.ANSWER_WANTED) != 0;
  }

  /** No further answer follows for this `correlationId`. */
  get isLast(): bool {
    return (this.flags & MessageFlag.LAST_PART) != 0;
  }

  /** The request failed; `errorCode` says how. */
  get isError(): bool {
    return (this.flags & MessageFlag.ERROR) != 0;
  }

  /** TIMEOUT, CANCELLED, UNDELIVERABLE, REFUSED, FAILED or OUTCOME_UNKNOWN; empty where this is no error. */
  get errorCode(): string {
    return this.isError ? this.json.text("code", "FAILED") : "";
  }

  /** Answers a request, at once or in a later invocation. 0, or a refusal. */
  reply<Payload>(payload: Payload): i32 {
    return answerTo<Payload>(this.peer, this.id, MessageFlag.LAST_PART, payload);
  }

  /** Answers a request with an error of the agent's own; the asker sees code FAILED or the given one. */
  replyError<Payload>(payload: Payload): i32 {
    return answerTo<Payload>(this.peer, this.id, MessageFlag.LAST_PART | MessageFlag.ERROR, payload);
  }

  private checkPresent(): void {
    assert(this.generation == generation, "topic and payload are there only while the handler runs");
  }
}
