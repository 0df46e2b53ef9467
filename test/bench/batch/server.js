import { once } from 'node:events';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';

const LINES_A_PIECE = 1000;

const lines = Number(process.argv[2]);
const piece = Buffer.from(Array.from({ length: LINES_A_PIECE }, (_, index) => `${line(index)}\n`).join(''));
const pieces = lines / LINES_A_PIECE;

/** An output file, made as it is sent: it is never on a disk that a run could wait for. */
const server = createServer((_, response) => {
  response.setHeader('content-length', piece.length * pieces);
  Readable.from(Array.from({ length: pieces }, () => piece)).pipe(response);
});
await once(server.listen(0, '127.0.0.1'), 'listening');
process.send({ port: server.address().port, bytes: piece.length * pieces });

/** A short answer with what Gemini says about it. */
function line(index) {
  return JSON.stringify({
    key: `request-${index}`,
    response: {
      candidates: [
        {
          content: {
            role: 'model',
            parts: [{ text: `Nº ${index} praises the café’s naïve décor, and gives it 4 of 5.` }],
          },
          finishReason: 'STOP',
          index: 0,
        },
      ],
      usageMetadata: {
        promptTokenCount: 12,
        candidatesTokenCount: 34,
        totalTokenCount: 46,
        promptTokensDetails: [{ modality: 'TEXT', tokenCount: 12 }],
      },
      modelVersion: 'gemini-2.5-flash',
      responseId: `response-${index}`,
    },
  });
}
