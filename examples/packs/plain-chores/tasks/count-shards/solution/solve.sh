#!/bin/bash
set -eu
shardcat /opt/shop/*.shard | awk -F '|' '
  $3 == "paid" { count[$2]++; sum[$2] += $4 }
  END { for (town in count) print town, count[town], sum[town] }' | LC_ALL=C sort > /app/paid.txt
