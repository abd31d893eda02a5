/** What director and players say to each other. On the topic `stage` a message is a speech as text: `NAME: words`. */

/** From outside to the director: rehearse this act. */
export interface Direction {
  readonly heading: string;
  /** Speeches that are given. */
  readonly opening: readonly string[];
  /** Who speaks next, by id. Those of an inner list speak at once: none of them hears the others before. */
  readonly cues: readonly (string | readonly string[])[];
  /** How freely the model chooses its words; 0 takes the likeliest. */
  readonly temperature: number;
}

/** Director to player: what would you say now? So many takes, please. */
export interface Cue {
  readonly takes: number;
  readonly temperature: number;
}

/** The player's answer to a cue. */
export interface Takes {
  readonly texts: readonly string[];
}

/** Director to player: say this. */
export interface Line {
  readonly text: string;
}
