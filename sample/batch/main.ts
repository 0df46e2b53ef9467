import { Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';
import { BatchService } from './batch.service.js';

const [run = 'countries'] = process.argv.slice(2);
const prompts = ['Kenya', 'Peru', 'Nepal', 'Iceland'].map(
  (country) => `In one sentence: what is ${country} known for?`,
);

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(process.env['PORT'] ?? 3000);
const job = await app.get(BatchService).start(prompts, run);
Logger.log(`Batch ${run} is ${job.name}`);
