/** Name of the class with the first handler. */
export const HANDLERS = 'GeminiEvents';

/** Name of its file, without an extension. */
export const HANDLERS_FILE = 'gemini-events';

export const HANDLERS_CODE = `import { Injectable, Logger } from '@nestjs/common';
import { OnGeminiEvent, outputUri, type GeminiEventOf } from 'nestjs-gemini-webhooks';

@Injectable()
export class ${HANDLERS} {
  private readonly logger = new Logger(${HANDLERS}.name);

  @OnGeminiEvent('batch.succeeded')
  publish(event: GeminiEventOf<'batch.succeeded'>) {
    this.logger.log(\`\${event.resource?.name} is done: \${outputUri(event)}\`);
  }
}
`;

/** A test that passes in Jest and Vitest, whose globals it uses. */
export function specCode(suffix: string): string {
  return `import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
import { signGeminiDelivery } from 'nestjs-gemini-webhooks/testing';
import { ${HANDLERS} } from './${HANDLERS_FILE}${suffix}';

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

describe(${HANDLERS}.name, () => {
  let app: INestApplication;

  beforeEach(async () => {
    const module = await Test.createTestingModule({
      imports: [GeminiWebhooksModule.forRoot({ hmac: { secrets: secret }, jwks: false, gemini: false })],
      providers: [${HANDLERS}],
    }).compile();
    app = module.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    await app.close();
  });

  it('handles a signed delivery', async () => {
    const event = { type: 'batch.succeeded', data: { id: 'batch_1', output_file_uri: 'files/1' } };
    const { headers, body } = signGeminiDelivery({ event, secret });

    const response = await fetch(\`\${await app.getUrl()}/gemini/webhooks\`, { method: 'POST', headers, body });

    expect(await response.json()).toEqual({ status: 'processed' });
  });
});
`;
}

/** A variable of `.env.example`. */
export interface Variable {
  readonly name: string;
  readonly value: string;
  readonly comment: string;
}

/** @param inboxUrl an example of the store's URL, if the inbox needs a store */
export function variables(inboxUrl: string | undefined): Variable[] {
  const always = [
    {
      name: 'GEMINI_API_KEY',
      value: '',
      comment: 'API key of the Gemini project. Starts and polls jobs.',
    },
    {
      name: 'GEMINI_WEBHOOK_SECRET',
      value: '',
      comment:
        'Signing secret of a static webhook (whsec_...). Separate several with commas. Dynamic webhooks need none.',
    },
    {
      name: 'GEMINI_WEBHOOK_PUBLIC_URL',
      value: '',
      comment: 'Public URL of the app, such as https://api.example.com. Without it, jobs are polled.',
    },
  ];
  if (inboxUrl === undefined) return always;
  return [...always, { name: 'GEMINI_WEBHOOK_INBOX_URL', value: inboxUrl, comment: 'Store of the durable inbox.' }];
}
