import { GenerateContentResponse, type Candidate } from '@google/genai';

/** A `GenerateContentResponse` in a file: like the SDK's, but without its getters and with another name for one field. */
export interface WireResponse {
  readonly candidates?: readonly WireCandidate[] | undefined;
}

type WireCandidate = Omit<Candidate, 'citationMetadata'> & {
  citationMetadata?: { citations?: unknown; citationSources?: unknown };
};

/** Converts it in place to what `generateContent` returns, including `text` and the other getters. */
export function asResponse(response: WireResponse): GenerateContentResponse {
  const { candidates } = response;
  for (const candidate of Array.isArray(candidates) ? candidates : []) {
    const citationMetadata = (candidate as WireCandidate | null)?.citationMetadata;
    if (citationMetadata?.citationSources === undefined) continue;
    citationMetadata.citations = citationMetadata.citationSources;
    delete citationMetadata.citationSources;
  }
  return Object.setPrototypeOf(response, GenerateContentResponse.prototype) as GenerateContentResponse;
}
