import { DEFAULT_NAME } from '../gemini-webhooks.tokens.js';
import { PROBLEM_CONTENT_TYPE, PROBLEMS } from '../problem.js';

/**
 * Metadata keys of `@nestjs/swagger` (7 to 12). Written out, so that it is not a dependency: an app without it ignores
 * them, and a version that renames them shows the route without its responses.
 */
const METADATA = {
  operation: 'swagger/apiOperation',
  responses: 'swagger/apiResponse',
  parameters: 'swagger/apiParameters',
};

const HEADERS = {
  'webhook-id': 'The same for each attempt to deliver an event.',
  'webhook-timestamp': 'When the attempt was made, in seconds since 1970.',
  'webhook-signature': 'Signatures of the body, with a space between them, or a JWT.',
};

const RECEIPTS = {
  200: { description: 'Every handler is done, or the event was handled before.', words: ['processed', 'duplicate'] },
  202: { description: 'The event is safe in a durable inbox.', words: ['accepted'] },
};

/** Describes the route of a module instance in an app's OpenAPI document, under a unique operation id. */
export function describedInOpenApi(registration: string, path: string): MethodDecorator {
  return (_target, _name, descriptor) => {
    const method = descriptor.value as object;
    Reflect.defineMetadata(METADATA.operation, operation(registration), method);
    Reflect.defineMetadata(METADATA.parameters, parameters(path), method);
    Reflect.defineMetadata(METADATA.responses, { ...receipts(), ...refusals() }, method);
  };
}

function operation(registration: string): object {
  const isDefault = registration === DEFAULT_NAME;
  return {
    operationId: isDefault ? 'receiveGeminiWebhook' : `receiveGeminiWebhook_${registration}`,
    summary: `Receives webhooks of the Gemini API${isDefault ? '' : ` (${registration})`}`,
    description: 'Called by Google. Requests without a valid signature are refused.',
  };
}

function parameters(path: string): object[] {
  const schema = { type: 'string' };
  const inPath = path.split('/').filter((segment) => segment.startsWith(':'));
  return [
    ...inPath.map((segment) => ({ name: segment.slice(1), in: 'path', required: true, schema })),
    ...Object.entries(HEADERS).map(([name, description]) => ({
      name,
      in: 'header',
      required: true,
      description,
      schema,
    })),
    {
      in: 'body',
      // Required for every body, but the schema takes precedence.
      type: String,
      required: true,
      schema: {
        type: 'object',
        required: ['type'],
        properties: { type: schema, version: schema, timestamp: schema, data: { type: 'object' } },
      },
    },
  ];
}

function receipts(): Record<string, object> {
  return Object.fromEntries(
    Object.entries(RECEIPTS).map(([status, { description, words }]) => {
      const schema = { type: 'object', required: ['status'], properties: { status: { type: 'string', enum: words } } };
      return [status, { description, content: { 'application/json': { schema } } }];
    }),
  );
}

/** Describes each status with its possible codes. */
function refusals(): Record<string, object> {
  const statuses = [...new Set(Object.values(PROBLEMS).map(({ status }) => status))];
  return Object.fromEntries(statuses.map((status) => [status, refusal(status)]));
}

function refusal(status: number): object {
  const problems = Object.entries(PROBLEMS).filter(([, problem]) => problem.status === status);
  const text = { type: 'string' };
  const schema = {
    type: 'object',
    required: ['type', 'title', 'status', 'code'],
    properties: {
      type: text,
      title: text,
      status: { type: 'integer', enum: [status] },
      code: { type: 'string', enum: problems.map(([code]) => code) },
    },
  };
  return {
    description: problems.map(([code, { title }]) => `\`${code}\`: ${title}.`).join(' '),
    content: { [PROBLEM_CONTENT_TYPE]: { schema } },
    ...(problems.some(([, { retryAfterSeconds }]) => retryAfterSeconds !== undefined) && {
      headers: { 'retry-after': { description: 'In seconds.', schema: { type: 'integer' } } },
    }),
  };
}
