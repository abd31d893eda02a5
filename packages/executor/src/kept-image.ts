/**
 * The image of an agent at one boundary, copied as it is and not yet in its base. Copying takes two thirds of what
 * bringing the base up to date takes, and the agent's next turn waits for nothing else. Owns the copies and their
 * buffers, which are used again; when a copy goes into a base is the slot keeper's.
 */

import type { BaseImage, CapturePoint } from "./base-image.js";
import type { GuestInstance } from "./guest-instance.js";
import { keptBytesMax, keptImageBytesMax, keptStepBytes } from "./limits.js";

export interface KeptImage extends CapturePoint {
  /** Memory up to where nothing but zeros follows. */
  readonly memory: Uint8Array;
  readonly memoryBytes: number;
  readonly state: Uint8Array;
  /** Invocations of the journal that it covers. */
  readonly journalLength: number;
  /** Called before the base changes again, once it holds this image: see `BaseImage.owe`. */
  owe: (() => void) | undefined;
}

export class KeptImages {
  /** Buffers that hold nothing, by size. */
  readonly #free = new Map<number, ArrayBufferLike[]>();
  #bytes = 0;

  /** A copy of what `instance` holds; undefined where that is too much to be copied. */
  copy(
    instance: GuestInstance,
    base: BaseImage,
    point: CapturePoint & Pick<KeptImage, "journalLength">,
  ): KeptImage | undefined {
    const { bytes } = instance.memory;
    const extent = base.extentOf(instance);
    const buffer = this.#claim(Math.ceil(extent / keptStepBytes) * keptStepBytes);
    if (buffer === undefined) return undefined;
    const memory = new Uint8Array(buffer, 0, extent);
    memory.set(extent === bytes.length ? bytes : bytes.subarray(0, extent));
    return {
      ...point,
      memory,
      memoryBytes: bytes.length,
      state: instance.saveState(base.state),
      owe: undefined,
    };
  }

  /** The copy is not needed any more. */
  release({ memory: { buffer } }: KeptImage): void {
    const free = this.#free.get(buffer.byteLength);
    if (free === undefined) this.#free.set(buffer.byteLength, [buffer]);
    else free.push(buffer);
  }

  /** Agents have grown: buffers of other sizes are in the way. */
  #dropFree(): void {
    for (const [bytes, free] of this.#free) this.#bytes -= bytes * free.length;
    this.#free.clear();
  }

  #claim(bytes: number): ArrayBufferLike | undefined {
    const free = this.#free.get(bytes)?.pop();
    if (free !== undefined) return free;
    if (bytes > keptImageBytesMax) return undefined;
    if (this.#bytes + bytes > keptBytesMax) this.#dropFree();
    if (this.#bytes + bytes > keptBytesMax) return undefined;
    this.#bytes += bytes;
    return new ArrayBuffer(bytes);
  }
}
