/** Why an image could not be warmed: the message is a sentence for people. */
export class WarmProblem extends Error {
  override readonly name = 'WarmProblem';
}
