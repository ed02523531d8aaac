/** A source of numbers that is the same for the same seed. */
export interface Random {
  /** Uniform in [minimum, maximum). */
  between(minimum: number, maximum: number): number;
  /** Normal with mean 0 and the given standard deviation. */
  normal(deviation: number): number;
}

/** `seed` is any integer; close seeds give unrelated numbers. For simulation, never for secrets. */
export function createRandom(seed: number): Random {
  const uniform = mulberry32(scramble(seed));
  const between = (minimum: number, maximum: number): number => minimum + uniform() * (maximum - minimum);
  // Box–Muller; 1 − u, because the logarithm of 0 is not a number to add to a temperature.
  const normal = (deviation: number): number =>
    deviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { between, normal };
}

// The finaliser of MurmurHash3: without it, the first draws of seeds 1, 2, 3 … would lie close together.
function scramble(seed: number): number {
  let hash = seed | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

// Tommy Ettinger's Mulberry32: 32 bits of state are plenty for weather in a cave.
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
