import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { ExpressAdapter } from '@bull-board/express';
import {
  BullBoardModule,
  InjectBullBoard,
  type BullBoardInstance,
  type BullBoardModuleOptions,
} from '@bull-board/nestjs';
import { Inject, Module, type MiddlewareConsumer, type NestModule, type OnModuleInit } from '@nestjs/common';
import { sampleSettings, WEBHOOK_PATH, type SampleSettings } from '../settings.js';
import { AdminPassword } from './admin-password.js';
import { basicLogin } from './basic-login.js';
import { InboxQueues } from './inbox-queues.js';
import { sameOrigin } from './same-origin.js';

const ROUTE = '/admin/queues';
/** Its types are of another release of `@bull-board/api` than those of `@bull-board/nestjs`. */
const ADAPTER = ExpressAdapter as unknown as BullBoardModuleOptions['adapter'];

/** Bull Board over the inbox and the tracked jobs, behind a login. Where a start costs money, the page is, too. */
@Module({
  imports: [BullBoardModule.forRoot({ route: ROUTE, adapter: ADAPTER, middleware: [] })],
  providers: [AdminPassword, InboxQueues],
})
export class AdminModule implements NestModule, OnModuleInit {
  readonly #settings: SampleSettings;
  readonly #password: AdminPassword;
  readonly #queues: InboxQueues;
  readonly #board: BullBoardInstance;

  constructor(
    @Inject(sampleSettings.KEY) settings: SampleSettings,
    password: AdminPassword,
    queues: InboxQueues,
    @InjectBullBoard() board: BullBoardInstance,
  ) {
    this.#settings = settings;
    this.#password = password;
    this.#queues = queues;
    this.#board = board;
  }

  onModuleInit(): void {
    for (const queue of this.#queues.queues) this.#board.addQueue(new BullMQAdapter(queue));
  }

  configure(consumer: MiddlewareConsumer): void {
    const login = basicLogin(this.#password.value);
    if (this.#settings.isPageBehindLogin) consumer.apply(login).exclude(WEBHOOK_PATH).forRoutes('*path');
    else consumer.apply(login, sameOrigin).forRoutes(ROUTE, `${ROUTE}/*path`);
  }
}
