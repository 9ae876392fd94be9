# workers.sh: the same work on many lines, by a few processes at a time.
# shellcheck shell=sh disable=SC2154,SC2034

# in_parallel FUNCTION FILE: calls FUNCTION with each line of FILE. A slow line delays only
# the worker that has it. Each worker has a folder of its own for what is in flight.
in_parallel() {
    inp_fn=$1; inp_file=$2; inp_tmp=$TMP; inp_i=0; inp_pids=
    while [ "$inp_i" -lt "$CONCURRENCY" ]; do
        (
            TMP=$inp_tmp/worker.$inp_i; WORKERS=$CONCURRENCY; mkdir -p "$TMP"
            awk -v n="$CONCURRENCY" -v i="$inp_i" '(NR - 1) % n == i' "$inp_file" >"$TMP/lines"
            while IFS= read -r inp_line; do "$inp_fn" "$inp_line"; done <"$TMP/lines"
        ) &
        inp_pids="$inp_pids $!"
        inp_i=$((inp_i + 1))
    done
    # shellcheck disable=SC2086  # a list of process ids
    wait $inp_pids
    rm -rf "$inp_tmp"/worker.*
}
