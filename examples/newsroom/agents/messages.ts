/** What the three say to each other. */

/** A place in the documentation that says something about the subject. */
export interface Passage {
  readonly file: string;
  readonly heading: string;
  readonly text: string;
}

/** Editor to reporter: write about this; from the second draft on with what the checker did not believe. */
export interface Assignment {
  readonly question: string;
  readonly objections?: readonly string[];
}

/** Reporter to editor, editor to checker. */
export interface Draft {
  readonly text: string;
  readonly sources: readonly Passage[];
}

/** Checker to editor: sentences without support, with the reason; none means that the text may be printed. */
export interface Review {
  readonly objections: readonly string[];
  readonly checked: number;
}

/** What is printed. */
export interface Article {
  readonly question: string;
  readonly text: string;
  readonly sources: readonly string[];
  readonly drafts: number;
}
