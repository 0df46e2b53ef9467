import { Module } from '@nestjs/common';
import { GeminiWebhooksModule, inlineInbox } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { FilmHandlers } from './film.handlers.js';
import { FilmService } from './film.service.js';

// Only the durable inbox knows after a restart which clips were started and paid for.
const inbox = process.env['GEMINI_WEBHOOK_INBOX_URL'] ? bullmqInbox() : inlineInbox();

@Module({ imports: [GeminiWebhooksModule.forRoot({ inbox })], providers: [FilmService, FilmHandlers] })
export class AppModule {}
