/**
 * Where messages lie that one tick's commit sends to the next: in the mail region of that next tick. Mailboxes hold
 * their places. At the end of that tick whatever nobody has read moves to the heap, and the region is free again, so
 * there are never places of two regions. Whether a message finds room there shows in no result.
 */

import {
  MESSAGE_HEADER_BYTES,
  MessageField,
  assert,
  messageBytes,
  type MailRegion,
  type MessageKind,
  type Region,
} from "@wasm-engine/abi";
import { KeptList } from "../kept-list.js";
import type { Executors } from "../ports.js";

/** A mailbox that holds places. */
interface Holder {
  moveToHeap(): void;
}

export class MailStore {
  readonly #executors: Executors;
  readonly #holders = new KeptList<Holder>();
  /** Heap copies by place while holders move, because members of a topic share one message. */
  readonly #copies = new Map<number, Uint8Array>();
  #mail: MailRegion;
  #tick = -1;
  /** Places that mailboxes hold. */
  #placeCount = 0;

  constructor(executors: Executors) {
    this.#executors = executors;
    this.#mail = executors.mail(0);
  }

  /** Tick that the mail in the region is of. */
  get tick(): number {
    return this.#tick;
  }

  get region(): Region {
    return this.#mail.region;
  }

  /** Makes the places of the last tick valid for turns of `tick`: where ticks between were empty, none are left. */
  open(tick: number): void {
    if (this.#tick !== tick) this.#moveToHeap();
  }

  /** Begins mail of `tick`, when turns of the tick before have landed. */
  begin(tick: number): void {
    this.#moveToHeap();
    this.#mail = this.#executors.mail(tick);
    this.#mail.begin();
    this.#tick = tick;
  }

  /** The same before turns of `tick` are planned: what inputs bring may lie beside what the tick before has sent. */
  admit(tick: number): void {
    if (this.#tick !== tick) this.begin(tick);
  }

  /** Place for a message of `bytes`, or -1 where there is no room. */
  claim(bytes: number): number {
    return this.#mail.claim(bytes);
  }

  /** Place of a copy of `message`, or -1 where there is no room. */
  put(message: Uint8Array): number {
    const place = this.#mail.claim(message.length);
    if (place >= 0) this.#mail.region.bytes.set(message, place);
    return place;
  }

  /** Remembers a mailbox that holds places of this tick from now on. */
  hold(holder: Holder): void {
    this.#holders.push(holder);
  }

  /** Counts places that mailboxes take in or, negative, have done with. */
  countPlaces(change: number): void {
    this.#placeCount += change;
  }

  bytesAt(place: number): number {
    const { view } = this.#mail.region;
    assert(view.getUint32(place, true) === MESSAGE_HEADER_BYTES, "a message begins at its place");
    return messageBytes(
      view.getUint32(place + MessageField.topicBytes, true),
      view.getUint32(place + MessageField.payloadBytes, true),
    );
  }

  kindAt(place: number): MessageKind {
    return this.#mail.region.view.getUint16(place + MessageField.kind, true) as MessageKind; // written by relayTo
  }

  /** A copy of the message at `place`. */
  messageAt(place: number): Uint8Array {
    return this.#mail.region.bytes.slice(place, place + this.bytesAt(place));
  }

  /** The same while mailboxes move to the heap: one copy for all that hold the place. */
  sharedMessageAt(place: number): Uint8Array {
    const known = this.#copies.get(place);
    if (known !== undefined) return known;
    const message = this.messageAt(place);
    this.#copies.set(place, message);
    return message;
  }

  /** Mostly everything has been read, and no mailbox is looked at. */
  #moveToHeap(): void {
    assert(this.#placeCount >= 0, "a place is held once");
    if (this.#placeCount > 0) {
      for (let index = 0; index < this.#holders.length; index += 1) this.#holders.at(index).moveToHeap();
      this.#copies.clear();
    }
    this.#placeCount = 0;
    this.#holders.clear();
  }
}
