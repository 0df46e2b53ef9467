/** The files of a new Nest app that a schematic reads. */
export function starterFiles({ suffix = '.js', type = 'module' } = {}): Record<string, string> {
  return {
    'nest-cli.json': JSON.stringify({ collection: '@nestjs/schematics', sourceRoot: 'src' }),
    'package.json': `${JSON.stringify(
      { name: 'app', ...(type && { type }), dependencies: { '@nestjs/common': '^12.0.1', rxjs: '^7.8.1' } },
      null,
      2,
    )}\n`,
    'src/main.ts': mainFile(suffix),
    'src/app.module.ts': moduleFile(suffix),
  };
}

export function mainFile(suffix = '.js'): string {
  return `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module${suffix}';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env.PORT ?? 3000);
}
bootstrap();
`;
}

export function moduleFile(suffix = '.js'): string {
  return `import { Module } from '@nestjs/common';
import { AppController } from './app.controller${suffix}';
import { AppService } from './app.service${suffix}';

@Module({
  imports: [],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule {}
`;
}
