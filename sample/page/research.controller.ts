import { Body, ConflictException, HttpCode, Param, ParseUUIDPipe, Post } from '@nestjs/common';
import { QUESTION } from '../research/research-questions.js';
import { Research } from '../research/research.js';
import { PageApi } from './page-api.decorator.js';
import { DecisionRequest, StartResearchRequest } from './page-requests.js';

@PageApi('research')
export class ResearchController {
  readonly #research: Research;

  constructor(research: Research) {
    this.#research = research;
  }

  @Post()
  async start(@Body() { question = QUESTION }: StartResearchRequest): Promise<{ id: string }> {
    return { id: await this.#research.begin(question) };
  }

  @Post(':id/decision')
  @HttpCode(204)
  async decide(@Param('id', ParseUUIDPipe) id: string, @Body() { approved }: DecisionRequest): Promise<void> {
    const outcome = await this.#research.decide(id, approved);
    if (outcome === 'nobody waits') throw new ConflictException('Nobody waits for that decision, or not any more.');
  }
}
