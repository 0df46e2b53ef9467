import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { signGeminiDelivery } from 'nestjs-gemini-webhooks/testing';
import { AppModule, Calls } from '../src/app.js';
import { Gemini } from '../src/gemini.js';

describe('AppModule', () => {
  const gemini = new Gemini();
  let app: INestApplication;

  beforeEach(async () => {
    const { jwksUrl } = await gemini.start();
    const testing = await Test.createTestingModule({
      imports: [AppModule.register({ secret: gemini.secret, jwksUrl })],
    }).compile();
    app = testing.createNestApplication();
    await app.listen(0, '127.0.0.1');
  });

  afterEach(async () => {
    await app.close();
    gemini.stop();
  });

  it('handles a signed delivery', async () => {
    const { headers, body } = signGeminiDelivery({
      event: { type: 'batch.succeeded', data: { id: 'one' } },
      secret: gemini.secret,
    });

    const response = await fetch(`${await app.getUrl()}/gemini/webhooks`, { method: 'POST', headers, body });

    expect(await response.json()).toEqual({ status: 'processed' });
    expect(app.get(Calls).list).toContain('handler batch.succeeded hmac one');
  });
});
