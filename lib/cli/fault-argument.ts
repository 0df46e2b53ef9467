import { InvalidArgumentError } from 'commander';
import { FAULT_NAMES, type SimulatorFault } from '../testing/simulator/faults.js';

/** Details of faults and their types. The simulator checks the values. */
const DETAILS: Readonly<Record<string, 'text' | 'number' | 'flag'>> = {
  kind: 'text',
  job: 'text',
  end: 'text',
  operation: 'text',
  times: 'number',
  delayMs: 'number',
  status: 'number',
  retryAfterSeconds: 'number',
  afterEffect: 'flag',
};

/**
 * Parses a fault of the command line: its name, then after a colon its details.
 *
 * @example
 * lose    lose:kind=batch,times=1    api_error:status=503,operation=batches.get,retryAfterSeconds=5
 * @throws InvalidArgumentError
 */
export function faultArgument(text: string): SimulatorFault {
  const [, name = '', details] = /^([^:]*)(?::(.*))?$/s.exec(text) ?? [];
  if (!(FAULT_NAMES as readonly string[]).includes(name)) {
    throw new InvalidArgumentError(
      `${JSON.stringify(name)} is not a fault. The faults are: ${FAULT_NAMES.join(', ')}.`,
    );
  }
  const entries = details === undefined ? [] : details.split(',').map(detail);
  return { fault: name, ...Object.fromEntries(entries) } as SimulatorFault;
}

function detail(text: string): [string, string | number | boolean] {
  const [, name = '', value = ''] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
  const type = Object.hasOwn(DETAILS, name) ? DETAILS[name] : undefined;
  if (type === undefined) {
    throw new InvalidArgumentError(
      `${JSON.stringify(name)} is not a detail of a fault. The details are: ${Object.keys(DETAILS).join(', ')}.`,
    );
  }
  if (type === 'flag') return [name, value === '' || value === 'true'];
  if (type === 'text') return [name, value];
  return [name, value === '' ? Number.NaN : Number(value)];
}
