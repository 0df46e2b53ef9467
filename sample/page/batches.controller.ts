import { Body, Get, Param, ParseUUIDPipe, Post, Query } from '@nestjs/common';
import { BatchStore } from '../batches/batch-store.js';
import { Batches } from '../batches/batches.js';
import { resultRow } from './latest-results.js';
import { PageApi } from './page-api.decorator.js';
import type { ResultRow } from './page-api.js';
import { ResultsQuery, StartBatchRequest } from './page-requests.js';

const PROMPTS = 5_000;

@PageApi('batches')
export class BatchesController {
  readonly #batches: Batches;
  readonly #store: BatchStore;

  constructor(batches: Batches, store: BatchStore) {
    this.#batches = batches;
    this.#store = store;
  }

  @Post()
  async start(@Body() { prompts = PROMPTS }: StartBatchRequest): Promise<{ id: string }> {
    return { id: await this.#batches.begin(prompts) };
  }

  @Get(':id/results')
  async results(@Param('id', ParseUUIDPipe) id: string, @Query() { after, limit }: ResultsQuery): Promise<ResultRow[]> {
    const rows = await this.#store.page(id, after, limit);
    return rows.map(resultRow);
  }
}
