// What the agents of this world say to each other. Types only: nothing of this file is in a module.

export interface Question {
  readonly id: string;
  readonly text: string;
}

export interface Draft {
  readonly question: string;
  readonly text: string;
}

export interface Verdict {
  readonly accepted: boolean;
  readonly reason: string;
}
