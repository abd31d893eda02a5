/**
 * Images of all agents as they are at one tick, handed over little by little while the world goes on. What they
 * consist of stays where it is: an image is taken over at the latest before the agent's next turn, as a copy or into
 * its base, pages are read from the bases, and a base that is about to change is handed over before it does.
 */

import { assert } from "@wasm-engine/abi";
import type { BaseImage } from "./base-image.js";
import type { AgentImage, PagedImage } from "./executor-contract.js";
import type { KeptImage } from "./kept-image.js";
import type { ResidentAgent } from "./resident-agent.js";

type ImageHead = Omit<AgentImage, "memory">;

/** An image that is still to be handed over. */
export interface OwedImage {
  readonly agent: ResidentAgent;
  /** Once it has been taken over: what it is beside its pages, and where these are. */
  taken:
    { readonly head: ImageHead; readonly base: BaseImage; readonly kept: KeptImage | undefined } | undefined;
  isGiven: boolean;
}

export interface OwedImagesOptions {
  /** Makes the image of an agent as it counts now outlast its next turns and says what it is beside its memory. */
  readonly headOf: (agent: ResidentAgent) => ImageHead;
  /** Puts what was kept of an agent into its base. */
  readonly putAway: (agent: ResidentAgent) => void;
}

export class OwedImages {
  readonly #options: OwedImagesOptions;
  #owed: readonly OwedImage[] = [];
  #next = 0;
  #all = false;
  /** Handed over before their turn, because their bases changed. */
  #early: PagedImage[] = [];

  constructor(options: OwedImagesOptions) {
    this.#options = options;
  }

  /** Images of this moment; what was still owed is forgotten. @param all with the bytes of every page */
  begin(agents: readonly ResidentAgent[], all: boolean): void {
    for (const image of this.#owed) {
      if (image.agent.owedImage === image) image.agent.owedImage = undefined;
      image.taken?.base.notOwed();
      image.isGiven = true;
    }
    this.#early = [];
    this.#next = 0;
    this.#all = all;
    this.#owed = agents.map((agent) => {
      const image: OwedImage = { agent, taken: undefined, isGiven: false };
      agent.owedImage = image;
      return image;
    });
  }

  /** The agent is about to change. */
  takeOver(image: OwedImage): void {
    if (image.taken !== undefined) return;
    const { agent } = image;
    const head = this.#options.headOf(agent);
    agent.owedImage = undefined;
    const { base, kept } = agent;
    image.taken = { head, base, kept };
    const owe = (): void => {
      if (!image.isGiven) this.#early.push(this.#read(image));
    };
    if (kept === undefined) base.owe(owe);
    else kept.owe = owe;
  }

  /** About `count` images that were not handed over yet; none where all were. */
  take(count: number): readonly PagedImage[] {
    assert(count > 0, "something is taken");
    const images = this.#early;
    this.#early = [];
    for (; images.length < count && this.#next < this.#owed.length; this.#next += 1) {
      const image = this.#owed[this.#next];
      if (image !== undefined && !image.isGiven) images.push(this.#read(image));
    }
    if (images.length === 0) this.#owed = [];
    return images;
  }

  #read(image: OwedImage): PagedImage {
    this.takeOver(image);
    const { taken } = image;
    assert(taken !== undefined, "an image is taken over before it is read");
    const { head, base, kept } = taken;
    if (kept !== undefined && image.agent.kept === kept) this.#options.putAway(image.agent);
    base.notOwed();
    image.isGiven = true;
    return { ...head, memoryBytes: base.memoryBytes, ...base.pagesSince(this.#all) };
  }
}
