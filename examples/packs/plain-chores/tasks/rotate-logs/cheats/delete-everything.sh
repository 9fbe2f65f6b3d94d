#!/bin/bash
rm -rf /app/logs
