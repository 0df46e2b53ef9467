/**
 * The path of a call under any version of the API: `@google/genai` 2.32 calls `v1beta`, 3.3 calls `v1` unless it is told
 * otherwise.
 *
 * @param pattern what follows the version, as a regular expression's source
 */
export function apiPath(pattern: string): RegExp {
  return new RegExp(`^/v1(?:alpha|beta)?/${pattern}$`);
}
