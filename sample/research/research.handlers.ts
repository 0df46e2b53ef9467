import { GoogleGenAI } from '@google/genai';
import { Inject, Injectable, UseInterceptors } from '@nestjs/common';
import { OnGeminiEvent, type GeminiEventOf } from 'nestjs-gemini-webhooks';
import { StepEvents } from '../workflows/step-events.js';
import { WorkflowTimelineInterceptor } from '../workflows/workflow-timeline.interceptor.js';
import { budgetCallIn, textIn } from './research-questions.js';
import { Research } from './research.js';

@Injectable()
@UseInterceptors(WorkflowTimelineInterceptor)
export class ResearchHandlers {
  readonly #events: StepEvents;
  readonly #research: Research;
  readonly #ai: GoogleGenAI;

  constructor(events: StepEvents, research: Research, @Inject(GoogleGenAI) ai: GoogleGenAI) {
    this.#events = events;
    this.#research = research;
    this.#ai = ai;
  }

  /** What an interaction has come to is in itself, not in its event: a pause has been seen announced as a completion. */
  @OnGeminiEvent(['interaction.requires_action', 'interaction.completed'])
  async goOn(event: GeminiEventOf<'interaction.requires_action' | 'interaction.completed'>): Promise<void> {
    const step = await this.#events.stepOf(event);
    if (!step || !event.resource) return;
    const id = event.resource.name.replace(/^interactions\//, '');
    const interaction = await this.#ai.interactions.get(id, null);
    if (interaction.status === 'requires_action') {
      const call = budgetCallIn(interaction);
      if (step.name === 'plan' && call) await this.#research.askPerson(step, id, call);
      else await this.#research.failed(step, 'the model asked for what nobody can give');
      return;
    }
    switch (step.name) {
      case 'plan':
        return this.#research.failed(step, 'the model did not ask for a budget');
      case 'answer':
        return this.#research.beginReport(step);
      default:
        return this.#research.finish(step, textIn(interaction));
    }
  }

  @OnGeminiEvent(['interaction.failed', 'interaction.cancelled'])
  async fail(event: GeminiEventOf<'interaction.failed' | 'interaction.cancelled'>): Promise<void> {
    const step = await this.#events.stepOf(event);
    if (!step) return;
    const reason = event.type === 'interaction.failed' ? event.data.error_message : 'it was cancelled';
    await this.#research.failed(step, reason ?? 'Gemini gave no reason');
  }
}
