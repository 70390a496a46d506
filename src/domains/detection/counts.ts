/** Trials, such as requests, and the events among them, such as errors. */
export interface Counts {
  trials: number
  events: number
}
