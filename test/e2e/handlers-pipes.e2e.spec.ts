import { afterEach, describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  Controller,
  createParamDecorator,
  Injectable,
  UsePipes,
  type ArgumentMetadata,
  type ExecutionContext,
  type ModuleMetadata,
  type PipeTransform,
} from '@nestjs/common';
import { OnGeminiEvent, type GeminiEvent, type GeminiHandlerContext } from '../../lib/index.js';
import { ADAPTERS, closeApps, startApp } from '../support/apps.js';
import { deliver, HANDLER_FAILED, PROCESSED, staticWebhooks } from '../support/static-webhooks.js';

const seen: string[] = [];
let args: readonly unknown[] = [];
let piped: ArgumentMetadata[] = [];

@Injectable()
class Journal {
  write(line: string) {
    seen.push(line);
  }
}

@Injectable()
class AddNote implements PipeTransform {
  constructor(private readonly journal: Journal) {}

  transform(value: unknown, metadata: ArgumentMetadata) {
    piped.push(metadata);
    this.journal.write('pipe');
    return { ...(value as object), note: 'from the pipe' };
  }
}

@Injectable()
class PipedMethod {
  @OnGeminiEvent('*')
  @UsePipes(AddNote)
  run(...given: [GeminiEvent, GeminiHandlerContext]) {
    args = given;
  }
}

@Injectable()
@UsePipes(AddNote)
class PipedClass {
  @OnGeminiEvent('*')
  run(...given: [GeminiEvent, GeminiHandlerContext]) {
    args = given;
  }
}

@Controller('piped')
class PipedController {
  @OnGeminiEvent('*')
  @UsePipes(AddNote)
  run(...given: [GeminiEvent, GeminiHandlerContext]) {
    args = given;
  }
}

const DataField = createParamDecorator(
  (field: string, context: ExecutionContext) =>
    (context.getArgByIndex<GeminiEvent>(0).data as Record<string, unknown>)[field],
);

const shout: PipeTransform = { transform: (value: unknown) => String(value).toUpperCase() };

@Injectable()
class WithParameters {
  @OnGeminiEvent('*')
  run(
    event: GeminiEvent,
    context: GeminiHandlerContext,
    @DataField('id') id: string,
    @DataField('id', shout) shouted: string,
    @DataField('absent') absent: unknown,
  ) {
    args = [event, context, id, shouted, absent];
  }
}

@Injectable()
class WithParametersInFront {
  @OnGeminiEvent('*')
  run(@DataField('id', shout) id: unknown, context: GeminiHandlerContext) {
    args = [id, context];
  }
}

const EVENT = expect.objectContaining({ type: 'batch.succeeded', data: { id: 'batch_1' } }) as unknown;
const CONTEXT = expect.objectContaining({ attempt: 1 }) as unknown;

afterEach(async () => {
  seen.length = 0;
  args = [];
  piped = [];
  await closeApps();
});

/** Handlers do not depend on the adapter, so one is enough here. */
const [adapter] = ADAPTERS;

describe('pipes of handlers', () => {
  const start = ({ providers = [], ...rest }: ModuleMetadata) =>
    startApp({ imports: [staticWebhooks()], providers: [Journal, ...providers], ...rest }, { adapter });

  describe('pipes of a handler', () => {
    it.each<{ place: string; metadata: ModuleMetadata }>([
      { place: "a provider's method", metadata: { providers: [PipedMethod] } },
      { place: "a provider's class", metadata: { providers: [PipedClass] } },
      { place: "a controller's method", metadata: { controllers: [PipedController] } },
    ])('transform the event like a body and do not touch the context: $place', async ({ metadata }) => {
      const { origin } = await start(metadata);

      expect(await deliver(origin)).toMatchObject(PROCESSED);
      expect(args).toEqual([expect.objectContaining({ type: 'batch.succeeded', note: 'from the pipe' }), CONTEXT]);
      expect(args[1]).not.toHaveProperty('note');
      expect(piped).toMatchObject([{ type: 'body' }]);
    });

    it('do not change the event of other handlers', async () => {
      let other: unknown;
      @Injectable()
      class Other {
        @OnGeminiEvent('*')
        run(event: GeminiEvent) {
          other = event;
        }
      }
      const { origin } = await start({ providers: [PipedMethod, Other] });

      await deliver(origin);
      expect(other).not.toHaveProperty('note');
    });

    it('fail the attempt when they throw', async () => {
      const refuse: PipeTransform = {
        transform: () => {
          throw new BadRequestException('not that one');
        },
      };
      @Injectable()
      class Handlers {
        @OnGeminiEvent('*')
        @UsePipes(refuse)
        run(_event: GeminiEvent) {
          seen.push('handler');
        }
      }
      const { origin } = await start({ providers: [Handlers] });

      expect(await deliver(origin)).toMatchObject(HANDLER_FAILED);
      expect(seen).toEqual([]);
    });
  });

  describe('parameters made by createParamDecorator', () => {
    it('can be combined with event and context, and have their own pipes', async () => {
      const { origin } = await start({ providers: [WithParameters] });

      expect(await deliver(origin)).toMatchObject(PROCESSED);
      expect(args).toEqual([EVENT, CONTEXT, 'batch_1', 'BATCH_1', undefined]);
    });

    it('can replace the event', async () => {
      const { origin } = await start({ providers: [WithParametersInFront] });

      expect(await deliver(origin)).toMatchObject(PROCESSED);
      expect(args).toEqual(['BATCH_1', CONTEXT]);
    });
  });
});
