// A dialer: takes the calls of one phone, one at a time. Start as many as there are to be calls at once.
//
//   npm install && REDIS_URL=redis://127.0.0.1:6379/0 node dialer.js PHONE_UUID
//
// SIGTERM or Ctrl-C lets the call that runs end, hands back one that was only claimed, and exits. How long that may take
// is for whoever sends it to say: an outcome is delivered until Redis has it.
'use strict';
const os = require('node:os');
const { setTimeout: sleep } = require('node:timers/promises');
const Redis = require('ioredis');
const dial = require('./dial');

const [phone] = process.argv.slice(2);
if (!phone) {
  console.error('usage: node dialer.js PHONE_UUID');
  process.exit(2);
}
const queue = `${process.env.REDIS_PREFIX || 'dispatcher'}:{${phone}}`;
// A name that no process has had before: a claim is answered for by the one that made it, and by no other.
const consumer = `${os.hostname()}-${process.pid}-${Date.now()}`;
// Nothing is sent again by the client itself: what may be repeated is decided below, step by step.
const redis = new Redis(process.env.REDIS_URL || 'redis://127.0.0.1:6379/0', {
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 5000,
});
redis.on('error', (error) => console.error(`redis: ${error.message}`));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => { stopping = true; });

main().then(() => redis.disconnect());

async function main() {
  while (!stopping) {
    const claimed = await claim().catch(async (error) => {
      console.error(`no call could be claimed: ${error.message}`);
      await sleep(1000);
    });
    if (claimed) await place(claimed);
  }
}

// Step 1. Only with `>`: the entries of others, and one's own of before, are the dispatcher's to take back.
async function claim() {
  const read = await redis.xreadgroup('GROUP', 'dialers', consumer, 'COUNT', 1, 'BLOCK', 1000,
    'STREAMS', `${queue}:calls`, '>');
  if (!read) return null;
  const [entry, fields] = read[0][1][0];
  const value = (name) => fields[fields.indexOf(name) + 1];
  return { entry, job: value('job'), notAfter: Number(value('not_after')) };
}

async function place({ entry, job, notAfter }) {
  const document = await take(job, notAfter);
  // What was taken and is not dialled is `gone` as well: nobody else can have it, so nobody was called.
  if (document === null || stopping) return finish(entry, job, { outcome: 'gone' });
  // Optional: operators see the call run. A long one shows signs of life, so that it is not given up.
  redis.xadd(`${queue}:outcomes`, '*', 'job', job, 'entry', entry, 'outcome', 'begun').catch(() => {});
  const alive = setInterval(() => {
    redis.xclaim(`${queue}:calls`, 'dialers', consumer, 0, entry, 'JUSTID').catch(() => {});
  }, 60_000);
  let result;
  try {
    result = await dial(JSON.parse(document)); // step 3
  } catch (error) {
    result = { outcome: 'failed', detail: error.message };
  } finally {
    clearInterval(alive);
  }
  await finish(entry, job, result);
}

// Step 2, the point of no return. After an error nobody knows whether it ran: ask again. A document that comes back
// then is proof that it had not; nothing, that nobody will dial it.
async function take(job, notAfter) {
  for (;;) {
    try {
      return await redis.getdel(`${queue}:call:${job}`);
    } catch (error) {
      console.error(`call ${job} could not be taken: ${error.message}`);
      if (stopping || Date.now() >= notAfter) return null;
      await sleep(500);
    }
  }
}

// Step 4, until Redis has confirmed it: an outcome is applied once, however often it is delivered.
async function finish(entry, job, { outcome, detail, callId }) {
  const more = [...(detail ? ['detail', detail] : []), ...(callId ? ['call_id', callId] : [])];
  for (;;) {
    try {
      const replies = await redis.multi()
        .xadd(`${queue}:outcomes`, '*', 'job', job, 'entry', entry, 'outcome', outcome, ...more)
        .xack(`${queue}:calls`, 'dialers', entry)
        .xdel(`${queue}:calls`, entry)
        .exec();
      const [fault] = replies.map(([error]) => error).filter(Boolean);
      if (fault) throw fault;
      return;
    } catch (error) {
      console.error(`outcome of ${job} not delivered yet: ${error.message}`);
      await sleep(500);
    }
  }
}
