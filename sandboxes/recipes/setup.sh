#!/bin/sh
# Makes a fresh system, whose root is $1, into a sandbox image: its user, its folders, and nothing of the machine that
# built it.
set -eu
root=${1%/}
mkdir -p "$root/workspace" "$root/home/agent"
grep -q '^agent:' "$root/etc/passwd" || {
    sed -i '/^[^:]*:[^:]*:1000:/d' "$root/etc/passwd" "$root/etc/group"
    echo 'agent:x:1000:1000:agent:/home/agent:/bin/bash' >>"$root/etc/passwd"
    echo 'agent:x:1000:' >>"$root/etc/group"
}
chown 1000:1000 "$root/workspace" "$root/home/agent"
# where docker has mounted its own, these cannot be replaced and need not be
for file in hostname hosts resolv.conf; do
    rm -f "$root/etc/$file" 2>/dev/null || continue
    case $file in
        hostname) echo sandbox ;;
        hosts) printf '127.0.0.1\tlocalhost\n::1\tlocalhost\n127.0.1.1\tsandbox\n' ;;
        *) : ;;
    esac >"$root/etc/$file"
done
ln -sf /usr/share/zoneinfo/Etc/UTC "$root/etc/localtime"
echo Etc/UTC >"$root/etc/timezone"
