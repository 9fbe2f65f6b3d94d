#!/bin/bash
# Compares a file with what is expected; nothing that the agent left is run, and no link is followed.
reward=0
if [ -f /app/merged.ini ] && [ ! -L /app/merged.ini ] && cmp -s /app/merged.ini /tests/expected.ini; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
