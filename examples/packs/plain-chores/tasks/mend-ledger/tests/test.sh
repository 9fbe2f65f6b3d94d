#!/bin/bash
# Compares a file with what is expected; nothing that the agent left is run, and no link is followed.
reward=0
if [ -f /app/fixed.csv ] && [ ! -L /app/fixed.csv ] && cmp -s /app/fixed.csv /tests/expected.csv; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
