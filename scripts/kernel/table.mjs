/** A line for each rig, and below it those of its tests that did not pass. */
export function table(results) {
  const rows = results.flatMap(({ name, result, reason, tests, seconds }) => [
    [name, result, seconds, reason ?? counts(tests)],
    ...tests
      .filter((test) => test.result !== "passed")
      .map((test) => [`  ${test.file}`, test.result, test.seconds, `${test.name}: ${test.reason}`]),
  ]);
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(
    ([name, result, seconds, note]) =>
      `${name.padEnd(width)}  ${result.padEnd(7)}  ${seconds.toFixed(1).padStart(7)}  ${firstLine(note)}`,
  );
  return [`${"rig".padEnd(width)}  result   seconds`, ...lines].join("\n");
}

function counts(tests) {
  const count = (wanted) => tests.filter(({ result }) => result === wanted).length;
  return `${count("passed")} passed, ${count("FAILED")} failed, ${count("skipped")} skipped`;
}

function firstLine(text) {
  return String(text).split("\n")[0].slice(0, 160);
}
