import { cli } from '../../support/cli.js';

const ADDRESS = 'http://127.0.0.1:3100/gemini/webhooks';

/** Runs the commands of a terminal block. @returns the shown and the printed output, without random parts */
export async function shownAndPrinted(
  example: string,
  { env, uri = ADDRESS }: { readonly env: Readonly<Record<string, string>>; readonly uri?: string },
): Promise<{ readonly shown: string; readonly printed: string }> {
  const printed: string[] = [];
  for (const [line, command] of example.matchAll(/^\$ npx nestjs-gemini-webhooks (.*)$/gm)) {
    const { out, err } = await cli(command!.replaceAll(ADDRESS, uri).split(' '), { env });
    printed.push(line, ...[out, err].filter((text) => text !== ''), '');
  }
  return { shown: withoutChance(example), printed: withoutChance(`${printed.join('\n')}\n`) };
}

function withoutChance(text: string): string {
  return (
    text
      .replaceAll(/(?<![0-9a-f])[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<id>')
      .replaceAll(/\be[\w-]{43}(?![\w-])/g, '<id>')
      .replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, '<time>')
      .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1')
      .replaceAll(/\d+ ms/g, '… ms')
      // Rounded to seconds, and a busy machine sometimes takes one.
      .replaceAll(/the app's clock .*/g, "the app's clock …")
      .replaceAll(/ {2,}/g, '  ')
      .trimEnd()
  );
}
