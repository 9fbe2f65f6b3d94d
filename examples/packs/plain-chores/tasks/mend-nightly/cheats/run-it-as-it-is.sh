#!/bin/bash
bash /app/nightly.sh
