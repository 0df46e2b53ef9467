import { Module } from '@nestjs/common';
import { GeminiWebhooksModule, inlineInbox } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { BatchHandlers } from './batch.handlers.js';
import { BatchService } from './batch.service.js';

const inbox = process.env['GEMINI_WEBHOOK_INBOX_URL'] ? bullmqInbox() : inlineInbox();

@Module({ imports: [GeminiWebhooksModule.forRoot({ inbox })], providers: [BatchService, BatchHandlers] })
export class AppModule {}
