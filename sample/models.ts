/** Which of Gemini's models and agents the sample asks. */
export const MODELS = {
  batch: 'gemini-3-flash',
  video: 'veo-3.1-generate-preview',
  interaction: 'gemini-3-flash',
  research: 'deep-research-preview-04-2026',
} as const;
