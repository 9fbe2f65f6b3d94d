#!/bin/bash
: > /app/mask.sed
