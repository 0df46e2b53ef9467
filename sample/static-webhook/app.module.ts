import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { fileSecretStore, GeminiWebhooksModule } from 'nestjs-gemini-webhooks';
import { ProjectHandlers } from './project.handlers.js';

@Module({
  imports: [
    GeminiWebhooksModule.forRootAsync({
      imports: [ConfigModule.forRoot()],
      inject: [ConfigService],
      useFactory: (config: ConfigService) => ({
        publicUrl: config.getOrThrow<string>('GEMINI_WEBHOOK_PUBLIC_URL'),
        // Created at Gemini when the app starts, updated when it differs. Gemini shows the secret once: the store keeps it.
        endpoint: {
          name: 'nestjs-sample',
          events: ['batch.succeeded', 'batch.failed', 'batch.expired'],
          secretStore: fileSecretStore('gemini-secrets.json'),
          required: true,
        },
      }),
    }),
  ],
  providers: [ProjectHandlers],
})
export class AppModule {}
