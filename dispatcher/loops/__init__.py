"""The loops that move calls along: each has `run_once`, which returns the seconds until its next turn.

sync      platform ──▶ mirror: campaigns and phones
orders    platform ──▶ mirror: orders of campaigns that are open or open soon
dispatch  mirror ──▶ hopper: what may be dialled now
tend      hopper: renew what may still be dialled, take back what may not
outcomes  hopper ──▶ mirror: what became of the calls
reap      hopper: calls that were claimed or begun, and then silence
doubts    platform ──▶ mirror: how uncertain calls have ended
reconcile mirror and hopper, compared both ways
custody   hopper: whose it is, and what to do when Redis has forgotten
health    clocks, signs of life
cleanup   what need not be kept
"""
