#!/bin/bash
echo id,date,account,amount,balance > /app/fixed.csv
