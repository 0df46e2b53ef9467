import { ourInbox } from './contenders.js';

/** A process without workers whose bus gets every event. */
const { queueName, ...target } = JSON.parse(process.argv[2]);
let received = 0;
const engine = await ourInbox(target, { queueName, workers: false, announce: () => (received += 1) });
process.on('message', () => process.send(received));
process.on('disconnect', () => void engine.close().then(() => process.exit()));
process.send('ready');
