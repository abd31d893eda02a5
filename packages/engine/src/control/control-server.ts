/**
 * The control socket of a running world: listens for whoever may enter the run's folder, and relays what they ask.
 * Lives in the main thread of the world process, so that no client can hold up the thread that ticks.
 */

import { createServer } from "node:net";
import type { Server, Socket } from "node:net";
import type { Genesis } from "@wasm-engine/core";
import type { ControlCall, WorldEvent } from "../world/control.js";
import { CallDesk } from "./call-desk.js";
import { claimAddress } from "./control-address.js";
import type { ControlAddress } from "./control-address.js";
import type { ControlConnection } from "./control-connection.js";
import { fail } from "./errors.js";
import { errorLine } from "./json-rpc.js";
import { connectBacklog, connectionsMax, farewellMs } from "./limits.js";
import type { MessageCheck } from "./message-check.js";

/** The opened world that the socket is for. */
export interface ServedWorld {
  readonly dir: string;
  readonly genesis: Genesis;
}

/** What connections need, loaded when the first one comes: most worlds never have one. */
interface ConnectionProgram {
  readonly Connection: typeof ControlConnection;
  readonly messages: MessageCheck;
}

export class ControlServer {
  readonly #desk: CallDesk;
  readonly #connections = new Map<Socket, ControlConnection | undefined>();
  #server: Server | undefined;
  #address: ControlAddress | undefined;
  #isClosed = false;
  #program: Promise<ConnectionProgram> | undefined;

  constructor(relay: (call: ControlCall) => void) {
    this.#desk = new CallDesk(relay);
  }

  /**
   * Listens for clients of an opened world, whose lock this process holds. Returns the address, or undefined where the
   * platform lets nobody listen: the world then runs without.
   */
  async listen(world: ServedWorld): Promise<string | undefined> {
    try {
      const address = claimAddress(world.dir);
      this.#address = address;
      const server = createServer((socket) => this.#accept(socket, world));
      this.#server = server;
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen({ path: address.bound, backlog: connectBacklog }, resolve);
      });
      server.on("error", () => undefined);
      if (this.#isClosed) server.close();
      return address.publish();
    } catch {
      this.#server?.close();
      this.#address?.remove();
      this.#server = undefined;
      return undefined;
    }
  }

  /** Takes what the world says to a connection; false for what concerns others. */
  receive(event: WorldEvent): boolean {
    return this.#desk.receive(event);
  }

  /** The world has ended. Last answers are still written; who does not read them in time is cut off. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#desk.end();
    this.#server?.close();
    this.#address?.remove();
    for (const socket of this.#connections.keys()) socket.end();
    const cutOff = setTimeout(() => {
      for (const socket of this.#connections.keys()) socket.destroy();
    }, farewellMs);
    this.#server?.once("close", () => clearTimeout(cutOff));
    if (this.#server === undefined) clearTimeout(cutOff);
  }

  #accept(socket: Socket, world: ServedWorld): void {
    socket.on("error", () => undefined);
    if (this.#connections.size >= connectionsMax && !this.#makeRoom()) {
      socket.write(errorLine(null, fail("WE_CONTROL_CONNECTIONS", { max: connectionsMax })));
      socket.destroySoon();
      return;
    }
    this.#connections.set(socket, undefined);
    socket.once("close", () => {
      this.#connections.get(socket)?.leave();
      this.#connections.delete(socket);
    });
    this.#program ??= loadProgram(world);
    void this.#program.then(({ Connection, messages }) => {
      if (socket.destroyed) return;
      const parts = { socket, desk: this.#desk, genesis: world.genesis, messages, pid: process.pid };
      this.#connections.set(socket, new Connection(parts));
    });
  }

  /** Closes the connection that rests longest; false where none does. */
  #makeRoom(): boolean {
    let oldest: readonly [Socket, ControlConnection] | undefined;
    for (const [socket, connection] of this.#connections) {
      if (connection?.rests !== true) continue;
      if (oldest === undefined || connection.heardMs < oldest[1].heardMs) oldest = [socket, connection];
    }
    if (oldest === undefined) return false;
    const [socket, connection] = oldest;
    connection.dismiss(fail("WE_CONTROL_CONNECTIONS", { max: connectionsMax }));
    this.#connections.delete(socket);
    return true;
  }
}

async function loadProgram({ dir, genesis }: ServedWorld): Promise<ConnectionProgram> {
  const [{ ControlConnection }, { MessageCheck }] = await Promise.all([
    import("./control-connection.js"),
    import("./message-check.js"),
  ]);
  return { Connection: ControlConnection, messages: await MessageCheck.of(dir, genesis) };
}
