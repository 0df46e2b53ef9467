/** Whether the older demo is wanted: single deliveries, one after the other. Its `--inbox` says so too. */
export function showsTour(args: readonly string[]): boolean {
  return args.some((arg) => arg === '--tour' || arg === '--inbox' || arg.startsWith('--inbox='));
}

/** What the tour is called with: it does not know the word that leads to it. */
export function withoutTour(args: readonly string[]): string[] {
  return args.filter((arg) => arg !== '--tour');
}
