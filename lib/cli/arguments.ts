import { InvalidArgumentError } from 'commander';
import { checkSecret } from '../secret.js';

/** @throws InvalidArgumentError */
export function number(text: string): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(value)) throw new InvalidArgumentError('Give a number.');
  return value;
}

/** A parser of whole numbers of a range. Its result throws InvalidArgumentError. */
export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = number(text);
    if (Number.isSafeInteger(value) && value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

/** How often something happens. @throws InvalidArgumentError */
export function rateASecond(text: string): number {
  const value = number(text);
  if (value > 0 && value <= 10_000) return value;
  throw new InvalidArgumentError('Give more than 0 and at most 10000 a second.');
}

/** One more of `name=value`. @throws InvalidArgumentError */
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
  // fetch refuses them, and they would be printed.
  if (url.username || url.password) throw new InvalidArgumentError('It must not hold a user name or password.');
  return url;
}

/** @throws InvalidArgumentError in words that do not give the secret away */
export function secret(text: string): string {
  const wrong = checkSecret(text);
  if (wrong) throw new InvalidArgumentError(`It ${wrong}. A signing secret is whsec_ and base64.`);
  return text;
}
