import { GoogleGenAI } from '@google/genai';
import { Module } from '@nestjs/common';
import { GeminiWebhooksModule, inlineInbox } from 'nestjs-gemini-webhooks';
import { bullmqInbox } from 'nestjs-gemini-webhooks/bullmq';
import { ResearchHandlers } from './research.handlers.js';
import { ResearchService } from './research.service.js';

const inbox = process.env['GEMINI_WEBHOOK_INBOX_URL'] ? bullmqInbox() : inlineInbox();

@Module({
  imports: [GeminiWebhooksModule.forRoot({ inbox })],
  providers: [ResearchService, ResearchHandlers, { provide: GoogleGenAI, useFactory: () => new GoogleGenAI({}) }],
})
export class AppModule {}
