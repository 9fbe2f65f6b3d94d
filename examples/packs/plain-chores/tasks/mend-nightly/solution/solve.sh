#!/bin/bash
set -eu
cat > /app/nightly.sh <<'END'
#!/bin/bash
# Sums up the shared folder by kind of file; see README.md for what it should do.
cd /app/share && mkdir -p ../out
find . -type f -printf '%s\t%f\n' | LC_ALL=C awk -F '\t' '
  {
    kind = "-"
    if (match($2, /\.[^.]+$/) && RSTART > 1) kind = tolower(substr($2, RSTART + 1))
    count[kind]++; bytes[kind] += $1; files++; total += $1
  }
  END {
    for (kind in count) print kind "\t" count[kind] "\t" bytes[kind] | "LC_ALL=C sort"
    close("LC_ALL=C sort")
    print "total\t" files + 0 "\t" total + 0
  }' > ../out/totals.tsv
END
bash /app/nightly.sh
