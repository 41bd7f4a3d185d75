#!/bin/sh
# The yardstick that other systems were measured with, us among them, interleaved in one run.
# Usage: tools/yardstick.sh [FOLDER_OF_THE_YARDSTICK] [REPEATS]     DUPLEX=1 for the duplex rows.
# SESSIONS, KINDS and RESULTS may be set; eight sessions are compared with two voices each.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
yardstick=$(cd "${1:-$root/../shared/yardstick}" && pwd)
repeats=${2:-4}
home=$root/build/yardstick
results=${RESULTS:-$home/results-$(date +%Y%m%d-%H%M%S)${DUPLEX:+-duplex}.jsonl}
python=$home/venv/bin/python

mkdir -p "$home"
if ! [ -x "$python" ]; then
    "${PYTHON:-python3}" -m venv "$home/venv"
    "$python" -m pip install --quiet pyzmq msgpack msgspec numpy psutil wyoming
fi

TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
export YARDSTICK_DIR="$yardstick" YARDSTICK_ADAPTER="$root/tests/perf/yardstick_adapter.py"
export ADAPTER_PY="$root/.venv/bin/python" RESULTS="$results"
for sessions in $(echo "${SESSIONS:-1,4,8}" | tr , ' '); do
    reference=zmq
    [ "$sessions" -lt 8 ] || reference=zmq-tts2
    "$python" "$yardstick/run_all.py" --fw "$reference,wyoming,streamtalk" \
        --n "$sessions" --kinds "${KINDS:-gil}" --reps "$repeats"
done
"$python" "$yardstick/summarize.py" "$results"
echo "rows: $results"
