#!/bin/bash
# Compares a file with what is expected; nothing that the agent left is run, and no link is followed.
reward=0
if [ -f /app/paid.txt ] && [ ! -L /app/paid.txt ] && cmp -s /app/paid.txt /tests/expected.txt; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
