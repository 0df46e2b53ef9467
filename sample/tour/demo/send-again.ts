/** A command, for any shell but `cmd`, that sends the app a signed batch of its own. */
export function sendAgainCommand(url: string, secret: string): string {
  return `node --input-type=module -e "
    import { signGeminiDelivery } from 'nestjs-gemini-webhooks/testing';
    const event = { type: 'batch.succeeded', data: { id: 'mine', output_file_uri: 'files/mine' } };
    const { headers, body } = signGeminiDelivery({ event, secret: '${secret}' });
    const answer = await fetch('${url}', { method: 'POST', headers, body });
    console.log(answer.status, await answer.text());
  "`;
}
