/**
 * Returns a pattern for the path of a call in any API version: by default `@google/genai` 2.32 calls `v1beta`, and 3.3
 * calls `v1`.
 *
 * @param pattern source of a regular expression for the path after the version
 */
export function apiPath(pattern: string): RegExp {
  return new RegExp(`^/v1(?:alpha|beta)?/${pattern}$`);
}
