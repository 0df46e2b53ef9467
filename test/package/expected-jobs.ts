const RESULTS = {
  inlineResults: ['key one: Simulated answer to: one', 'key two: Simulated answer to: two'],
  fileResults: ['key four: Simulated answer to: four', 'key three: Simulated answer to: three'],
};

/** Report of the hosts' job suite. Webhooks and polls give the same report, except for ends that Gemini does not announce. */
export function expectedJobs({ apiVersion }: { apiVersion: string }): object {
  return {
    apiVersions: [apiVersion],
    byWebhook: { ...ended(), heard: heardBy('jwks') },
    byPoll: {
      ...ended({ incomplete: 'GeminiJobError incomplete' }, { veo: apiVersion === 'v1' ? 'invalid_argument' : 404 }),
      heard: heardBy('reconciled', ['interaction.incomplete']),
    },
  };
}

function ended(unannounced: Readonly<Record<string, string>> = {}, polled: Readonly<Record<string, unknown>> = {}) {
  return {
    batches: {
      inline: 'batch.succeeded order=7',
      ofFile: 'batch.succeeded',
      failed: 'GeminiJobError failed',
      ...RESULTS,
    },
    videos: {
      made: 'video.generated order=9',
      extended: 'video.generated',
      refused: 'GeminiJobError filtered',
      film: 'ftyp',
      ...polled,
    },
    interactions: {
      text: 'interaction.completed order=8',
      research: 'interaction.completed',
      failed: 'GeminiJobError failed',
      ...unannounced,
    },
  };
}

function heardBy(strategy: string, unannounced: readonly string[] = []): string[] {
  return [
    'batch.failed',
    'batch.succeeded',
    'batch.succeeded',
    'interaction.completed',
    'interaction.completed',
    'interaction.failed',
    ...unannounced,
    'video.failed',
    'video.generated',
    'video.generated',
  ].map((type) => `${type} ${strategy}`);
}
