/** The body of every answer with a status of 400 or more. */
export interface Problem {
  /** A sentence for people: what is wrong, and what to do. */
  readonly problem: string;
}
