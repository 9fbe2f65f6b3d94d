#!/bin/bash
cd /app/logs && for log in *.log; do : > "$log"; done
