import { GoogleGenAI } from '@google/genai';
import { Injectable } from '@nestjs/common';
import { GeminiJobs } from 'nestjs-gemini-webhooks';

@Injectable()
export class ResearchService {
  constructor(
    private readonly jobs: GeminiJobs,
    private readonly ai: GoogleGenAI,
  ) {}

  /** Asks for a plan, once for each `run`. Gemini keeps the plan until a person decides. */
  start(question: string, run: string) {
    return this.ask(run, 'plan', { input: question });
  }

  /** Asks for the report: the approval is the next turn. @param plan the interaction that made the plan */
  approve(run: string, plan: string) {
    return this.ask(run, 'report', { input: 'The plan is approved. Write the report.', previous_interaction_id: plan });
  }

  /** Deletes the plan at Gemini, so nobody can approve it later. */
  async decline(plan: string): Promise<void> {
    await this.ai.interactions.delete(plan);
  }

  private ask(run: string, step: 'plan' | 'report', turn: { input: string; previous_interaction_id?: string }) {
    const agent = 'deep-research-preview-04-2026';
    const agent_config = { type: 'deep-research', collaborative_planning: step === 'plan' } as const;
    const webhook_config = { user_metadata: { run, step } };
    const options = { idempotencyKey: `${run}/${step}` };
    return this.jobs.createInteraction({ agent, agent_config, webhook_config, ...turn }, options);
  }
}
