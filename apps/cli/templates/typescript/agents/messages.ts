// What the agents and tools of this world say to each other. Types only: nothing of this file is in a module.

export interface Question {
  readonly id: string;
  readonly text: string;
}

/** What the search finds. */
export interface Fact {
  readonly text: string;
  readonly source: string;
}

export interface Draft {
  readonly question: string;
  readonly text: string;
}

export interface Verdict {
  readonly accepted: boolean;
  readonly reason: string;
}

export interface Answer {
  readonly text: string;
  readonly accepted: boolean;
  readonly attempts: number;
}
