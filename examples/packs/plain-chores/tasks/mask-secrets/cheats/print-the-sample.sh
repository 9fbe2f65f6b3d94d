#!/bin/bash
{ printf '1i\\\n'; sed '$!s/$/\\/' /app/sample.masked; echo d; } > /app/mask.sed
