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
