#!/bin/bash
cat /app/settings/*.ini > /app/merged.ini
