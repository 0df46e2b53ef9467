/** Length of the longest JSON escape, `\u0000`. */
const LONGEST_ESCAPE = 6;

/** Decodes the beginning of a JSON string, without quotes, that may end within an escape or a character. */
export function stringPrefix(bytes: Buffer): string {
  const text = bytes.toString('utf8').replace(/\ufffd$/, '');
  for (let cut = 0; cut <= LONGEST_ESCAPE; cut += 1) {
    try {
      return JSON.parse(`"${text.slice(0, text.length - cut)}"`) as string;
    } catch {
      // Retry with one character less.
    }
  }
  return '';
}
