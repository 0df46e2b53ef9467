import { docstringExamples, exportedNames, type DocstringExample } from '../support/docstring-examples.js';

/** Code around an example that is not a statement, by its declaration. */
const AROUND: Readonly<Record<string, readonly [before: string, after: string]>> = {
  accept: [
    'export class Example { constructor(readonly inbox: GeminiInbox) {} async receive(response: Express) {',
    '} }',
  ],
  AroundGeminiHandler: ['', ''],
  bullmqSecretStore: ['export const webhooks = GeminiWebhooksModule.forRoot({', '});'],
  geminiSignatureGuard: ['', 'export class Example {}'],
  GeminiWebhooksModule: ['', ''],
  OnGeminiEvent: ['export class Example {', '}'],
  GeminiDelivery: ['export class Example { constructor(readonly inbox: GeminiInbox) {}', '}'],
  GeminiEventOf: ['export type Example =', ';'],
  GeminiWebhooksHealth: [
    'export class Example { constructor(readonly gemini: GeminiWebhooksHealth, readonly health: HealthCheckService) {}',
    '}',
  ],
  getGeminiToken: ['export class Example {', '}'],
  stats: [
    'export class Example { constructor(readonly inbox: GeminiInbox) {} async count() {',
    'return [waiting, failed, oldestAgeMs]; } }',
  ],
};

/** Declarations whose examples are statements. */
const IN_A_FUNCTION = ['export async function example() {', '}'] as const;

/** Declarations of the names that readers provide. */
const NAMES: Readonly<Record<string, string>> = {
  ai: 'declare const ai: GoogleGenAI;',
  app: 'declare const app: INestApplication;',
  bus: 'declare const bus: GeminiEventBus;',
  config: 'declare const config: ConfigService;',
  context: 'declare const context: GeminiHandlerContext;',
  dataSource: `declare const dataSource: { transaction(work: (tx: { insert(table: object, row: object): Promise<void> }) => Promise<void>):
    Promise<void> };`,
  delivery: 'declare const delivery: VerifiedDelivery;',
  endpoints: 'declare const endpoints: GeminiWebhookEndpoints;',
  event: 'declare const event: GeminiEvent;',
  Express: 'interface Express { status(code: number): { json(body: object): void } }',
  Invoice: 'declare class Invoice {}',
  isSignedByRelay: 'declare function isSignedByRelay(signature: unknown, body: Buffer): boolean;',
  jobs: 'declare const jobs: GeminiJobs;',
  model: 'declare const model: string;',
  orderId: 'declare const orderId: string;',
  pool: 'declare const pool: Pool;',
  Public: 'declare const Public: () => ClassDecorator;',
  request: `declare const request: (server: unknown) => { post(path: string): { set(headers: object): { send(body: string): {
    expect(status: number): Promise<void> } } } };`,
  requests: 'declare function requests(): BatchInputRequests;',
  secret: 'declare const secret: string;',
  secretStore: 'declare const secretStore: SigningSecretStore;',
  show: 'declare function show(uri: string | undefined): void;',
  SkipThrottle: 'declare const SkipThrottle: () => ClassDecorator;',
  src: 'declare const src: string;',
};

const IMPORTS: readonly (readonly [from: string, names: readonly string[]])[] = [
  ['@google/genai', ['GoogleGenAI']],
  ['@nestjs/common', ['Inject', 'Injectable', 'Module', 'Post', 'UseGuards', 'type INestApplication']],
  ['@nestjs/config', ['ConfigService']],
  ['@nestjs/terminus', ['HealthCheckService']],
  ['nestjs-cls', ['ClsService']],
  ['nestjs-gemini-webhooks', exportedNames('index.ts')],
  ['pg', ['type Pool']],
  ['nestjs-gemini-webhooks/bullmq', exportedNames('bullmq/index.ts')],
  ['nestjs-gemini-webhooks/testing', exportedNames('testing/index.ts')],
];

/** Returns each docstring example as the text of a module, by location. */
export function docstringModules(): Map<string, string> {
  return new Map(
    docstringExamples().map((example) => [`${example.file}.example-${example.line}.ts`, moduleOf(example)]),
  );
}

function moduleOf({ of, code }: DocstringExample): string {
  const [before, after] = AROUND[of] ?? IN_A_FUNCTION;
  const example = `${before}\n${code}\n${after}\n`;
  const declared = Object.entries(NAMES).flatMap(([name, declaration]) =>
    uses(example, name) && !declares(code, name) ? [declaration] : [],
  );
  const body = [...declared, example].join('\n');
  const imports = IMPORTS.flatMap(([from, names]) => {
    const used = names.filter((name) => uses(body, name.replace('type ', '')));
    return used.length === 0 ? [] : [`import { ${used.join(', ')} } from '${from}';`];
  });
  return [...imports, body].join('\n');
}

function uses(code: string, name: string): boolean {
  return new RegExp(`(?<![.'\\w-])${name}\\b(?!['\\w])`).test(code);
}

function declares(code: string, name: string): boolean {
  return new RegExp(`(const|let) ${name}\\b|[({] ?${name}(:|\\) =>)`).test(code);
}
