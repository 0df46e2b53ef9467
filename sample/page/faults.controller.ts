import {
  BadGatewayException,
  Body,
  HttpCode,
  NotFoundException,
  Param,
  ParseEnumPipe,
  Post,
  Put,
} from '@nestjs/common';
import { Faults } from './faults.js';
import { PageApi } from './page-api.decorator.js';
import { FAULT_NAMES, type FaultName } from './page-api.js';
import { SwitchRequest } from './page-requests.js';

const NAMES = Object.fromEntries(FAULT_NAMES.map((name) => [name, name]));

/** What can go wrong, where Gemini is simulated. */
@PageApi('faults')
export class FaultsController {
  readonly #faults: Faults;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  @Put(':name')
  @HttpCode(204)
  async switch(
    @Param('name', new ParseEnumPipe(NAMES, { errorHttpStatusCode: 404 })) name: FaultName,
    @Body() { on }: SwitchRequest,
  ): Promise<void> {
    await this.#simulated(() => this.#faults.switch(name, on));
  }

  @Post('kill-worker')
  @HttpCode(204)
  async killWorker(): Promise<void> {
    await this.#simulated(() => this.#faults.killWorker());
  }

  async #simulated(work: () => Promise<void>): Promise<void> {
    if (!this.#faults.isThere) throw new NotFoundException('Gemini is not simulated here: nothing can be broken.');
    await work().catch((cause: Error) => {
      throw new BadGatewayException(`Who started the simulator does not answer: ${cause.message}`, { cause });
    });
  }
}
