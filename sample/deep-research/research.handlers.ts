import { GoogleGenAI } from '@google/genai';
import { Injectable, Logger } from '@nestjs/common';
import { OnGeminiEvent, type GeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';

@Injectable()
export class ResearchHandlers {
  private readonly logger = new Logger(ResearchHandlers.name);

  constructor(private readonly ai: GoogleGenAI) {}

  @OnGeminiEvent('interaction.completed')
  async read({ resource, userMetadata: { run, step } }: GeminiEventOf<'interaction.completed'>) {
    const { output_text } = await this.ai.interactions.get(resource!.name);
    this.logger.log(`The ${step} of ${run}:\n${output_text}`);
  }

  @OnGeminiEvent(['interaction.failed', 'interaction.cancelled', 'interaction.incomplete', 'interaction.lost'])
  report({ type, userMetadata: { run, step } }: GeminiEvent) {
    this.logger.error(`The ${step} of ${run}: ${type}`);
  }
}
