import { PrismaMariaDb } from '@prisma/adapter-mariadb';
import { PrismaPg } from '@prisma/adapter-pg';
import { getPrismaClient } from '@prisma/client/runtime/client';

/** Prisma, with a client for a schema without models. */
export async function* prisma(databases) {
  yield* of('postgresql', new PrismaPg(databases.postgres));
  if (databases.mysql) yield* of('mysql', new PrismaMariaDb(databases.mysql));
}

async function* of(provider, adapter) {
  const root = new (clientClass(provider))({ adapter });
  yield { name: `Prisma on ${provider}`, root, transaction: (work) => root.$transaction(work) };
  await root.$disconnect();
}

/** What `prisma generate` writes, which first downloads a program that is not on npm. */
function clientClass(provider) {
  const compiler = `@prisma/client/runtime/query_compiler_fast_bg.${provider}`;
  return getPrismaClient({
    previewFeatures: [],
    clientVersion: '7.10.0',
    engineVersion: '',
    activeProvider: provider,
    inlineSchema: `datasource db {\n  provider = "${provider}"\n}\n`,
    runtimeDataModel: { models: {}, enums: {}, types: {} },
    // Counts of zero.
    parameterizationSchema: { strings: '[]', graph: Buffer.alloc(64).toString('base64') },
    compilerWasm: {
      getRuntime: () => import(`${compiler}.mjs`),
      async getQueryCompilerWasmModule() {
        const { wasm } = await import(`${compiler}.wasm-base64.mjs`);
        return new WebAssembly.Module(Buffer.from(wasm, 'base64'));
      },
      importName: './query_compiler_fast_bg.js',
    },
  });
}
