#!/bin/bash
set -eu
cat > /app/mask.sed <<'END'
# one address or secret at a time, until none is left
:mail
s/(^|[^A-Za-z0-9._+-])[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+/\1<mail>/
t mail
:address
s/(^|[][ (),;:=])((25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])($|[][ (),;:=])/\1<ip>\5/
t address
s/(^|[^A-Za-z0-9_])(token|password)=[^ \t&]+/\1\2=<secret>/g
END
