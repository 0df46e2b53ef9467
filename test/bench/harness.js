/** A short run, to see that everything works; its figures say little. */
export const QUICK = process.argv.includes('--quick');

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs short slices of each contender in turn, round after round, so that what else the machine does meets all alike.
 *
 * @param contenders name → a function that runs one slice and resolves to what it cost
 * @returns name → the costs, a value a round
 */
export async function race(contenders, { rounds, warmUp }) {
  const names = Object.keys(contenders);
  const costs = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = -warmUp; round < rounds; round += 1) {
    for (let turn = 0; turn < names.length; turn += 1) {
      const name = names[(turn + round + warmUp) % names.length];
      const cost = await contenders[name]();
      if (round >= 0) costs[name].push(cost);
    }
  }
  return costs;
}

/** How fast one is beside the other: the median of the ratios within each round; 1 is as fast, 2 twice as fast. */
export function speedRatio(costs, of, beside) {
  return median(costs[of].map((cost, round) => costs[beside][round] / cost));
}

/** A slice of synchronous calls over all the inputs, in nanoseconds. */
export function timed(inputs, calls, run) {
  return () => {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call += 1) run(inputs[call % inputs.length]);
    return Number(process.hrtime.bigint() - start);
  };
}

/** The same of calls that give a promise, one after the other. */
export function timedAsync(inputs, calls, run) {
  return async () => {
    const start = process.hrtime.bigint();
    for (let call = 0; call < calls; call += 1) await run(inputs[call % inputs.length]);
    return Number(process.hrtime.bigint() - start);
  };
}

/** One line of the report; `target` is what the value must reach, if anything. */
export function ratioRow(what, beside, value, target) {
  return {
    what,
    beside,
    value: value.toFixed(2),
    target: target === undefined ? '' : `≥ ${target.toFixed(2)}`,
    met: target === undefined ? undefined : value >= target,
  };
}

/** The same for what something costs beside the other, of which `most` is the target. */
export function costRow(what, beside, value, most) {
  return {
    what,
    beside,
    value: value.toFixed(2),
    target: most === undefined ? '' : `≤ ${most.toFixed(2)}`,
    met: most === undefined ? undefined : value <= most,
  };
}

/**
 * The rows as a table in plain text, and below it the causes of those that fall short.
 *
 * @param causeOf why a row missed its target; several rows may have the same cause
 */
export function table(rows, causeOf) {
  const causes = [...new Set(rows.map(causeOf))].filter((cause) => cause !== undefined);
  const verdict = (row) => (row.met === false ? `✗ missed (${causes.indexOf(causeOf(row)) + 1})` : row.met ? '✓' : '');
  const cells = [
    ['what', 'beside', 'ratio', 'target', ''],
    ...rows.map((row) => [row.what, row.beside, row.value, row.target, verdict(row)]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  return [...lines, ...causes.flatMap((cause, index) => ['', `(${index + 1}) ${cause}`])].join('\n');
}
