/**
 * Server-sent events to one client. The head is sent with the first event, so that whatever goes wrong before it has a
 * status of its own; a client that does not read is cut off, and silence is filled with comments.
 */

import type { ServerResponse } from "node:http";
import type { JsonMap } from "./contract.js";
import { streamPulseMs, unreadStreamBytesMax } from "./limits.js";

export class EventStream {
  readonly #response: ServerResponse;
  readonly #pulse: NodeJS.Timeout;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#pulse = setInterval(() => this.#write(": waiting\n\n"), streamPulseMs);
    response.once("close", () => clearInterval(this.#pulse));
  }

  send(event: JsonMap): void {
    this.#write(`data: ${JSON.stringify(event)}\n\n`);
  }

  /** Everything has been said. */
  end(): void {
    this.#write("data: [DONE]\n\n");
    this.#close();
  }

  /** Something went wrong after the head was sent. */
  fail(error: JsonMap): void {
    this.send(error);
    this.#close();
  }

  #close(): void {
    clearInterval(this.#pulse);
    this.#response.end();
  }

  #write(text: string): void {
    const response = this.#response;
    if (response.destroyed || response.writableEnded) return;
    if (!response.headersSent) {
      response.writeHead(200, {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
    }
    response.write(text);
    if (response.writableLength > unreadStreamBytesMax) response.destroy();
  }
}
