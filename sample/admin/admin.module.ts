import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import {
  BullBoardModule,
  InjectBullBoard,
  type BullBoardInstance,
  type BullBoardModuleOptions,
} from '@bull-board/nestjs';
import { Inject, Module, type MiddlewareConsumer, type NestModule, type OnModuleInit } from '@nestjs/common';
import { securityHeaders } from '../page/security-headers.js';
import { sampleSettings, WEBHOOK_PATH, type SampleSettings } from '../settings.js';
import { InboxQueues } from './inbox-queues.js';
import { Login } from './login.js';
import { LoginModule } from './login.module.js';
import { sameOrigin } from './same-origin.js';

/** Bull Board styles its parts inline, and would load a font from elsewhere. */
const BOARD_POLICY =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; " +
  "base-uri 'self'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

/** Its types are of another release of `@bull-board/api` than those of `@bull-board/nestjs`. */
const ADAPTER = ExpressAdapter as unknown as BullBoardModuleOptions['adapter'];

/** Bull Board over the inbox and the tracked jobs, behind a login. Where a start costs money, the page is, too. */
@Module({
  imports: [
    LoginModule,
    BullBoardModule.forRootAsync({
      imports: [LoginModule],
      inject: [Login],
      useFactory: ({ ask }: Login) => ({
        route: '/admin/queues',
        adapter: ADAPTER,
        middleware: [securityHeaders(BOARD_POLICY), ask, sameOrigin],
      }),
    }),
  ],
  providers: [InboxQueues],
})
export class AdminModule implements NestModule, OnModuleInit {
  readonly #settings: SampleSettings;
  readonly #login: Login;
  readonly #queues: InboxQueues;
  readonly #board: BullBoardInstance;

  constructor(
    @Inject(sampleSettings.KEY) settings: SampleSettings,
    login: Login,
    queues: InboxQueues,
    @InjectBullBoard() board: BullBoardInstance,
  ) {
    this.#settings = settings;
    this.#login = login;
    this.#queues = queues;
    this.#board = board;
  }

  onModuleInit(): void {
    for (const queue of this.#queues.queues) this.#board.addQueue(new BullMQAdapter(queue));
  }

  /** Gemini cannot log in: its signature is its login. */
  configure(consumer: MiddlewareConsumer): void {
    if (!this.#settings.isPageBehindLogin) return;
    consumer.apply(this.#login.ask, sameOrigin).exclude(WEBHOOK_PATH).forRoutes('{*path}');
  }
}
