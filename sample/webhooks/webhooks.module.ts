import { Module } from '@nestjs/common';
import { DeliveryLog } from './delivery-log.js';
import { WebhookController } from './webhook.controller.js';

@Module({ controllers: [WebhookController], providers: [DeliveryLog] })
export class WebhooksModule {}
