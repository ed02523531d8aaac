/** One measurement as the agent keeps it. */
export function sampleOf(index, run) {
  return {
    temperature: 11 + (index % 200) / 100,
    humidity: 91.4,
    source: "simulated",
    sampledAt: Date.now(),
    monotonic: performance.now(),
    quality: "good",
    alerts: { fan: false, temperature: false, humidity: false },
    run,
  };
}
