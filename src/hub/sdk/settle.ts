/** A callback as Node's, for the ends of a promise. */
export function settle(done: () => void, fail: (error: Error) => void): (error?: Error) => void {
  return (error) => (error ? fail(error) : done());
}
