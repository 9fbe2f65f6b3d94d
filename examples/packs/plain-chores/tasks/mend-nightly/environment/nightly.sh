#!/bin/bash
# Sums up the shared folder by kind of file; see README.md for what it should do.
cd /app/share
mkdir -p ../out
total=0
for file in $(find . -type f -name '*.*'); do
  kind=${file#*.}
  size=$(stat -c %s $file)
  echo "$kind $size"
done | sort | uniq | while read kind size; do
  sums[$kind]=$((${sums[$kind]} + size))
done
for kind in "${!sums[@]}"; do
  echo "$kind	${sums[$kind]}" > ../out/totals.tsv
done
echo "total $total" >> ../out/totals.tsv
