import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { AdminModule } from './admin/admin.module.js';
import { DatabaseModule } from './database/database.module.js';
import { geminiWebhooks } from './gemini-webhooks.js';
import { PageModule } from './page/page.module.js';
import { sampleSettings } from './settings.js';
import { WebhooksModule } from './webhooks/webhooks.module.js';

/** The web process: receives webhooks, serves the page. */
@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [sampleSettings] }),
    DatabaseModule,
    geminiWebhooks({ workers: false }),
    AdminModule,
    WebhooksModule,
    PageModule,
  ],
})
export class AppModule {}
