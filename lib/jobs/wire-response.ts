import { GenerateContentResponse, type Candidate } from '@google/genai';

/** A `GenerateContentResponse` as it stands in a file: as the SDK has it but for its getters and one field's name. */
export interface WireResponse {
  readonly candidates?: readonly WireCandidate[] | undefined;
}

type WireCandidate = Omit<Candidate, 'citationMetadata'> & {
  citationMetadata?: { citations?: unknown; citationSources?: unknown };
};

/** Makes it what `generateContent` would have returned, `text` and the other getters included. It is not copied. */
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
