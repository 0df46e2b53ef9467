import { InvalidArgumentError } from 'commander';
import { checkSecret } from '../shared/signing-secret.js';

/** @throws InvalidArgumentError */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('Give a number.');
  return value;
}

/** Returns a parser for whole numbers in a range, which throws InvalidArgumentError. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Give a whole number from ${min} to ${max}.`);
  };
}

/** Parses a rate per second. @throws InvalidArgumentError */
export function rateASecond(text: string): number {
  const value = number(text);
  if (value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError('Give more than 0 and at most 10000 per second.');
}

/** Adds one `name=value` to the previous ones. @throws InvalidArgumentError */
export function nameAndValue(
  text: string,
  previous: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined) throw new InvalidArgumentError('Give name=value.');
  return { ...previous, [name]: value };
}

/** @throws InvalidArgumentError */
export function httpUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError('Give a full URL, such as http://localhost:3000/gemini/webhooks.');
  }
  // fetch refuses credentials, and a command would print them.
  if (url.username || url.password) throw new InvalidArgumentError('The URL must not contain a user name or password.');
  return url;
}

/** @throws InvalidArgumentError without the secret in its message */
export function secret(text: string): string {
  // An app with an earlier version may have a short one.
  const problem = checkSecret(text, 1);
  if (problem) throw new InvalidArgumentError(`It ${problem}. A signing secret is whsec_ followed by base64.`);
  return text;
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const ISO_8601 = /^(\d{4}-\d\d-\d\d)(T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d))?$/;

/** Parses a time: ISO 8601, where a date alone is its midnight in UTC, or how long ago. @throws InvalidArgumentError */
export function time(text: string): Date {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  if (count !== undefined) return new Date(Date.now() - Number(count) * UNIT_MS[unit]!);
  const [, day] = ISO_8601.exec(text) ?? [];
  const date = new Date(text);
  // `Date` reads the 30th of February as the 2nd of March.
  const isReal = day !== undefined && !Number.isNaN(date.getTime()) && isDay(day);
  if (isReal) return date;
  throw new InvalidArgumentError(
    'Give ISO 8601 with a time zone, such as 2026-01-31T09:00:00Z, a date, or 30m, 2h, 3d.',
  );
}

function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
