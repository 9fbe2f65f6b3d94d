#!/bin/bash
set -eu
cd /app
awk -F ';' '
  function bare(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
  NR > 1 && NF {
    id = bare($1); day = bare($2); amount = bare($4)
    if (day ~ /\./) { split(day, part, "."); day = part[3] "-" part[2] "-" part[1] }
    if (amount ~ /,/) { gsub(/\./, "", amount); sub(/,/, ".", amount) }
    sub(/\./, "", amount)  # cents
    entry[id] = day " " id " " bare($3) " " amount
  }
  END { for (id in entry) print entry[id] }' ledger.csv |
  sort -k1,1 -k2,2n |
  awk '
  function money(cents,   sign) {
    sign = cents < 0 ? "-" : ""
    if (cents < 0) cents = -cents
    return sprintf("%s%d.%02d", sign, int(cents / 100), cents % 100)
  }
  BEGIN { print "id,date,account,amount,balance" }
  { sum[$3] += $4; print $2 "," $1 "," $3 "," money($4) "," money(sum[$3]) }' > fixed.csv
