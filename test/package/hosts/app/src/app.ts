import {
  Body,
  Catch,
  Controller,
  Inject,
  Injectable,
  Module,
  Post,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type DynamicModule,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, BaseExceptionFilter, REQUEST } from '@nestjs/core';
import {
  GeminiWebhooksModule,
  OnGeminiEvent,
  type GeminiEvent,
  type GeminiEventOf,
  type GeminiHandlerContext,
} from 'nestjs-gemini-webhooks';

/** What ran, in order. */
@Injectable()
export class Calls {
  readonly list: string[] = [];

  add(...words: unknown[]): void {
    this.list.push(words.join(' '));
  }
}

@Injectable()
class GlobalGuard implements CanActivate {
  constructor(private readonly calls: Calls) {}

  canActivate(context: ExecutionContext) {
    this.calls.add('global guard', context.getType());
    return true;
  }
}

@Injectable()
class GlobalInterceptor implements NestInterceptor {
  constructor(private readonly calls: Calls) {}

  intercept(context: ExecutionContext, next: CallHandler) {
    this.calls.add('global interceptor', context.getType());
    return next.handle();
  }
}

@Injectable()
class GlobalPipe implements PipeTransform {
  constructor(private readonly calls: Calls) {}

  transform(value: unknown) {
    this.calls.add('global pipe', typeOf(value));
    return value;
  }
}

@Catch()
class GlobalFilter extends BaseExceptionFilter {
  @Inject(Calls) private readonly calls: Calls;

  catch(error: unknown, host: ArgumentsHost) {
    this.calls.add('global filter', host.getType());
    super.catch(error, host);
  }
}

@Injectable()
class ClassGuard implements CanActivate {
  constructor(private readonly calls: Calls) {}

  canActivate(context: ExecutionContext) {
    const [event] = context.getArgs<[GeminiEvent]>();
    this.calls.add('class guard', context.getType(), context.getClass().name, context.getHandler().name, event.type);
    return event.type !== 'batch.expired';
  }
}

@Injectable()
class MethodInterceptor implements NestInterceptor {
  constructor(private readonly calls: Calls) {}

  intercept(context: ExecutionContext, next: CallHandler) {
    this.calls.add('method interceptor', context.getType());
    return next.handle();
  }
}

@Catch(RangeError)
class RangeFilter implements ExceptionFilter {
  @Inject(Calls) private readonly calls: Calls;

  catch(error: RangeError, host: ArgumentsHost) {
    this.calls.add('method filter', host.getType(), error.message);
  }
}

class Mark implements PipeTransform {
  constructor(private readonly mark: string) {}

  transform(event: GeminiEvent) {
    return { ...event, userMetadata: { mark: this.mark } };
  }
}

@Injectable()
class Deliveries {
  constructor(private readonly calls: Calls) {}

  @OnGeminiEvent(['batch.succeeded', 'video.generated', 'interaction.completed'])
  received(event: GeminiEventOf<'batch.succeeded' | 'video.generated' | 'interaction.completed'>) {
    this.calls.add('handler', event.type, event.delivery.strategy, event.data.id);
  }

  @OnGeminiEvent('batch.cancelled')
  fails() {
    this.calls.add('failing handler');
    throw new Error('out of paper');
  }

  @OnGeminiEvent('interaction.cancelled')
  @UseInterceptors(MethodInterceptor)
  @UseFilters(RangeFilter)
  forgiven() {
    throw new RangeError('too far');
  }
}

@Controller('reports')
@UseGuards(ClassGuard)
class ReportsController {
  constructor(private readonly calls: Calls) {}

  @OnGeminiEvent(['batch.failed', 'batch.expired'])
  report(event: GeminiEventOf<'batch.failed' | 'batch.expired'>, context: GeminiHandlerContext) {
    this.calls.add('controller', event.type, context.handler);
  }
}

@Controller({ path: 'scoped', scope: Scope.REQUEST })
@UseGuards(ClassGuard)
class ScopedController {
  static instances = 0;
  private readonly instance = ++ScopedController.instances;

  constructor(
    private readonly calls: Calls,
    @Inject(REQUEST) private readonly request: GeminiEvent,
  ) {}

  @OnGeminiEvent('interaction.failed')
  scoped(event: GeminiEventOf<'interaction.failed'>) {
    this.calls.add('scoped controller', this.instance, event.data.id, this.request === event);
  }
}

function twin(name: string) {
  @Injectable()
  class Twin {
    constructor(private readonly calls: Calls) {}

    @OnGeminiEvent('interaction.requires_action', { name })
    @UsePipes(new Mark(name))
    handle(event: GeminiEvent) {
      this.calls.add(name, event.userMetadata.mark);
    }
  }
  return Twin;
}

/** A route that has nothing to do with webhooks. */
@Controller('echo')
class EchoController {
  @Post()
  echo(@Body() body?: { type: string }) {
    if (body?.type === 'boom') throw new Error('boom');
    return { echoed: body };
  }
}

@Module({})
export class AppModule {
  static register({ secret, jwksUrl }: { secret: string; jwksUrl: string }): DynamicModule {
    return {
      module: AppModule,
      imports: [
        GeminiWebhooksModule.forRoot({
          hmac: { secrets: secret },
          jwks: { url: jwksUrl },
          binding: { secret: 'a binding secret of this host' },
          publicUrl: 'https://host.example.com',
        }),
      ],
      controllers: [ReportsController, ScopedController, EchoController],
      providers: [
        Calls,
        Deliveries,
        twin('first twin'),
        twin('second twin'),
        { provide: APP_GUARD, useClass: GlobalGuard },
        { provide: APP_INTERCEPTOR, useClass: GlobalInterceptor },
        { provide: APP_PIPE, useClass: GlobalPipe },
        { provide: APP_FILTER, useClass: GlobalFilter },
      ],
    };
  }
}

function typeOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'type' in value ? value.type : typeof value;
}
