#!/bin/bash
set -eu
cd /app/logs
grep -v '^#' ../rotate.conf | sed -E 's/ +([0-9]+) +([0-9]+) *$/\t\1\t\2/' | while IFS=$'\t' read -r log keep from; do
  [ -f "$log" ] && [ "$(stat -c %s -- "$log")" -ge "$from" ] || continue
  for number in $(seq 99 -1 1); do
    [ -f "$log.$number" ] || continue
    if [ "$number" -lt "$keep" ]; then mv -- "$log.$number" "$log.$((number + 1))"; else rm -- "$log.$number"; fi
  done
  mv -- "$log" "$log.1"
  : > "$log"
done
