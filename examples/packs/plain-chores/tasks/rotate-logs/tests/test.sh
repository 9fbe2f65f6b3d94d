#!/bin/bash
# The folder must hold just these files with just these contents; no link in it is followed.
reward=0
if [ -d /app/logs ] && [ ! -L /app/logs ] && diff -r --no-dereference /tests/expected /app/logs > /dev/null 2>&1; then
  reward=1
fi
echo "$reward" > /logs/verifier/reward.txt
