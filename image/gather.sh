#!/bin/bash
# The gather step of `oc adm must-gather`: the captures of all nodes, those still running included, below /must-gather.
# Captures may hold secrets: `oc adm must-gather --image=IMAGE -- gather NAME…` takes only some; other options of
# `pcapper gather` may follow as well. MUST_GATHER_SINCE (2h) and MUST_GATHER_SINCE_TIME (RFC 3339) are honoured.
set -uo pipefail
output=/must-gather

mkdir -p "$output"
printf 'pcapper/must-gather\n%s\n' "$(pcapper --version | head -n 1)" >"$output/version"

arguments=(--output "$output" --include-running)
if [ -n "${MUST_GATHER_SINCE:-}" ]; then arguments+=(--since "$MUST_GATHER_SINCE"); fi
if [ -n "${MUST_GATHER_SINCE_TIME:-}" ]; then arguments+=(--since-time "$MUST_GATHER_SINCE_TIME"); fi

# What is said goes to where it is read (`oc adm must-gather` shows it) and to where it is kept.
pcapper gather "${arguments[@]}" "$@" 2>&1 | tee "$output/gather.log"
outcome=${PIPESTATUS[0]}
# The copy may begin the moment this ends.
sync
exit "$outcome"
