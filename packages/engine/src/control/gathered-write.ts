/** Lines of one turn of the event loop leave in one write: thousands of small ones cost a system call each. */

import type { Socket } from "node:net";

/** Writes `line`, together with whatever else is written before the event loop turns. */
export function writeGathered(socket: Socket, line: string): void {
  if (socket.writableCorked === 0) {
    socket.cork();
    setImmediate(() => socket.uncork());
  }
  socket.write(line);
}
