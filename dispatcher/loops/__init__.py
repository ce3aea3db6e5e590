"""The loops that move calls along: each has `run_once`, which returns the seconds until its next turn.

The folders are the way of a call, in its order; `context` and `book` are what all of them know.

from_platform  sync: campaigns and phones; orders: those of campaigns that are open or open soon;
               doubts: how uncertain calls have ended
to_hopper      dispatch: what may be dialled now
in_hopper      tend: renew what may still be dialled, take back what may not; reap: calls that were claimed or begun,
               and then silence; custody: whose the hopper is, and what to do when Redis has forgotten;
               reconcile: SQL and hopper, compared both ways
from_hopper    outcomes: what became of the calls
to_platform    report: how calls have ended, where the platform is to be told
upkeep         health: clocks, signs of life; sole: the lock of the one daemon; last_calls, timezones;
               cleanup: what need not be kept
"""
