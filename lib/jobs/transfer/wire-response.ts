import type { Candidate, GenerateContentResponse } from '@google/genai';

/** A `GenerateContentResponse` in a file: like the SDK's, but without its getters and with another name for one field. */
export interface WireResponse {
  readonly candidates?: readonly WireCandidate[] | undefined;
}

type WireCandidate = Omit<Candidate, 'citationMetadata'> & {
  citationMetadata?: { citations?: unknown; citationSources?: unknown };
};

/**
 * Converts it in place to what `generateContent` returns, including `text` and the other getters.
 *
 * @param prototype of the SDK's `GenerateContentResponse`
 */
export function asResponse(response: WireResponse, prototype: GenerateContentResponse): GenerateContentResponse {
  const { candidates } = response;
  for (const candidate of Array.isArray(candidates) ? candidates : []) {
    const citationMetadata = (candidate as WireCandidate | null)?.citationMetadata;
    if (citationMetadata?.citationSources === undefined) continue;
    citationMetadata.citations = citationMetadata.citationSources;
    delete citationMetadata.citationSources;
  }
  return Object.setPrototypeOf(response, prototype) as GenerateContentResponse;
}
