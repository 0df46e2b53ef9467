import { GoogleGenAI } from '@google/genai';
import { Module } from '@nestjs/common';
import { geminiClient } from './gemini-webhooks.js';
import { sampleSettings } from './settings.js';

/** Google's own client, for what is no job: looking at what an interaction has to say, or which batches there are. */
@Module({
  providers: [{ provide: GoogleGenAI, inject: [sampleSettings.KEY], useFactory: geminiClient }],
  exports: [GoogleGenAI],
})
export class GeminiModule {}
