import { GoogleGenAI } from '@google/genai';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);

// Any other program of the project: it knows nothing of this app, and starts a batch without a webhook.
const src = [{ contents: [{ parts: [{ text: 'In one sentence: what is a webhook?' }] }] }];
await new GoogleGenAI({}).batches.create({ model: 'gemini-3.8-flash', src });
