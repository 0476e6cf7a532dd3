/** Every bound of the benchmarks' frame. */

/** A process of a side that has not answered by then is given up, with the benchmark. */
export const ANSWER_MS_MAX = 600_000
/** Latencies that one process reports of one round. */
export const LATENCIES_MAX = 50_000
/** A 99th percentile of fewer samples says nothing. */
export const P99_SAMPLES_MIN = 1_000
/** A median of fewer rounds, and its quartiles, say nothing. */
export const ROUNDS_MIN = 5
/** Operations too short for a clock of their own are sampled: one in so many. */
export const SAMPLED_ONE_IN = 16
