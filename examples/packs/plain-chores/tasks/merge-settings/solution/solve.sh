#!/bin/bash
set -eu
cd /app
awk '
  function bare(text) { gsub(/^[ \t]+|[ \t]+$/, "", text); return text }
  function filled(text,   name) {
    while (match(text, /\$\{[^}]*\}/)) {
      name = tolower(substr(text, RSTART + 2, RLENGTH - 3))
      text = substr(text, 1, RSTART - 1) value[name] substr(text, RSTART + RLENGTH)
    }
    return text
  }
  /^[ \t]*([#;]|$)/ { next }
  /^[ \t]*\[/ { section = tolower(bare($0)); gsub(/[][]/, "", section); next }
  {
    at = index($0, "="); name = section "." tolower(bare(substr($0, 1, at - 1))); text = bare(substr($0, at + 1))
    if (text == "") delete value[name]; else value[name] = text
  }
  END {
    for (name in value) {
      at = index(name, ".")
      print substr(name, 1, at - 1) "\t" substr(name, at + 1) "\t" filled(value[name])
    }
  }' settings/10-base.ini settings/20-site.ini settings/30-host.ini |
  LC_ALL=C sort -t "$(printf '\t')" -k1,1 -k2,2 |
  awk -F '\t' '
  $1 != last { if (NR > 1) print ""; print "[" $1 "]"; last = $1 }
  { print $2 " = " $3 }' > merged.ini
