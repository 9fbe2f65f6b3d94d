#!/bin/bash
tr ';' ',' < /app/ledger.csv > /app/fixed.csv
