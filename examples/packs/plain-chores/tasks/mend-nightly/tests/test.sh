#!/bin/bash
# Compares a file with what is expected; nothing that the agent left is run, and no link is followed.
reward=0
if [ -f /app/out/totals.tsv ] && [ ! -L /app/out/totals.tsv ] && cmp -s /app/out/totals.tsv /tests/expected.tsv; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
