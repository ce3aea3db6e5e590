// Put your telephone call here: `call` is the call document (dispatcher/hopper/call.schema.json).
// Return { outcome, detail?, callId? } when it has ended. An exception means that the call failed.
'use strict';

module.exports = async function dial(call) {
  console.log(`calling ${call.toPhoneNumber} from ${call.fromPhoneNumber}`);
  return { outcome: 'completed' };
};
