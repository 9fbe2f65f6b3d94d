#!/bin/bash
# Runs the agent's program on logs that it has not seen. What it is written in is why that is safe: with --sandbox, sed
# can read, write and start nothing. Time and output are bounded, and a program that is none or fails is a 0.
judge() {
  [ -f /app/mask.sed ] && [ ! -L /app/mask.sed ] || return 1
  for log in /tests/hidden-*.log; do
    timeout -k 1 5 sed --sandbox -E -f /app/mask.sed < "$log" 2> /dev/null | head -c 100000 > /tmp/masked
    [ "${PIPESTATUS[0]}" = 0 ] && cmp -s /tmp/masked "${log%.log}.masked" || return 1
  done
}
if judge; then reward=1; else reward=0; fi
echo "$reward" > /logs/verifier/reward.txt
