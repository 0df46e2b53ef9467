import { ApiError, type KnownModels, type ModelMethod } from './simulated-api.js';

/** Served text models in the typings of `@google/genai` 3.3 (wire.md, "Models"). */
const TEXT_MODELS = [
  'gemini-3.8-flash',
  'gemini-3.6-flash',
  'gemini-3.5-flash-lite',
  'gemini-4-argon',
  'gemini-4-carbon',
  'gemini-4-hydrogen',
] as const;

/** Video models in these typings. */
const VIDEO_MODELS = ['gemini-omni-1.1-flash', 'gemini-omni-1.2-flash'] as const;

/** Embedding models. The SDK's typings list none: ai.google.dev/gemini-api/docs/models (2026-02 and 2026-04). */
const EMBEDDING_MODELS = ['gemini-embedding-001', 'gemini-embedding-2'] as const;

/** Agents in these typings; `deep-research-pro-preview-12-2025` was shut down on 2026-10-23 (wire.md). */
const AGENTS = ['deep-research-preview-04-2026', 'deep-research-max-preview-04-2026'] as const;

const VIDEO_ONLY: readonly string[] = VIDEO_MODELS;

/** Models and agents that a simulated API always has. */
export const BUILT_IN_MODELS: readonly string[] = [...TEXT_MODELS, ...VIDEO_MODELS, ...EMBEDDING_MODELS];
export const BUILT_IN_AGENTS: readonly string[] = AGENTS;

const BUILT_IN_FOR: Readonly<Record<ModelMethod, readonly string[]>> = {
  batchGenerateContent: TEXT_MODELS,
  asyncBatchEmbedContent: EMBEDDING_MODELS,
  createInteraction: [...TEXT_MODELS, ...VIDEO_MODELS],
};

/** Models and agents of a simulated API. Models added by the options support every method. */
export class ModelCatalogue implements KnownModels {
  readonly #models: ReadonlySet<string>;
  readonly #agents: ReadonlySet<string>;

  /** @param added models and agents besides the built-in ones */
  constructor({
    models = [],
    agents = [],
  }: { readonly models?: readonly string[]; readonly agents?: readonly string[] } = {}) {
    this.#models = new Set(models.map(shortName));
    this.#agents = new Set([...BUILT_IN_AGENTS, ...agents]);
  }

  checkModel(name: string, method: ModelMethod, version: string): void {
    const model = shortName(name);
    if (this.#models.has(model) || BUILT_IN_FOR[method].includes(model)) return;
    if (method !== 'createInteraction' && VIDEO_ONLY.includes(model)) throw onlyInteractions();
    throw modelNotFound(model, method, version);
  }

  checkAgent(agent: string, version: string): void {
    if (this.#agents.has(agent)) return;
    throw new ApiError(404, 'NOT_FOUND', `agents/${agent} is not found for API version ${version}.`);
  }

  refuse(name: string, method: string, version: string): never {
    const model = shortName(name);
    if (VIDEO_ONLY.includes(model) && /generateContent$/i.test(method)) throw onlyInteractions();
    throw modelNotFound(model, method, version);
  }
}

/** True for Omni, the only models that generate videos on the Gemini API (wire.md). */
export function isVideoModel(model: string): boolean {
  return shortName(model).startsWith('gemini-omni-');
}

/** True for agents that plan and write reports. */
export function isDeepResearch(agent: string | undefined): boolean {
  return agent?.startsWith('deep-research-') ?? false;
}

function shortName(model: string): string {
  return model.replace(/^models\//, '');
}

/** Returns the error of Omni for `generateContent` (live: TanStack/ai#871). */
function onlyInteractions(): ApiError {
  return new ApiError(400, 'INVALID_ARGUMENT', 'This model only supports Interactions API.');
}

/** Returns the live message: `models/<name> is not found for API version v1beta, …`. */
function modelNotFound(model: string, method: string, version: string): ApiError {
  const message =
    `models/${model} is not found for API version ${version}, or is not supported for ${method}. ` +
    'Call ListModels to see the list of available models and their supported methods.';
  return new ApiError(404, 'NOT_FOUND', message);
}
