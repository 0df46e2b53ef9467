import { NestFactory } from '@nestjs/core';
import { GeminiJobs } from 'nestjs-gemini-webhooks';
import { AppModule } from './app.module.js';

const [run = 'rivers'] = process.argv.slice(2);
const src = ['Nile', 'Amazon', 'Danube'].map((river) => ({
  contents: [{ parts: [{ text: `In one sentence: where does the ${river} begin?` }] }],
  metadata: { river },
}));
const config = { webhookConfig: { userMetadata: { run } } };

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
await app.get(GeminiJobs).createBatch({ model: 'gemini-3.8-flash', src, config }, { idempotencyKey: run });
