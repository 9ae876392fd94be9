# fetch.sh: waits for the pods, fetches each node's archive, gives up on nodes one by one.
# shellcheck shell=sh disable=SC2154
#
# Per node, in STATE/node/: NAME.ok (fetched), NAME.gone (given up; holds the reason),
# NAME.busy (being fetched). All names as in a path (path_part).

READY_DIR=/out/demarc

# Goes on where an earlier try broke off, as long as tries bring something; size and checksum decide.
fetch_one() { # POD NODE
    fto=$(path_part "$2"); fto_file="$WORK/nodes/$fto.tar.gz"; TMP=$STATE/fetch.$fto; mkdir -p "$TMP"
    fto_bad=0; touch "$fto_file.part"
    while [ "$fto_bad" -lt "$FETCH_TRIES" ]; do
        fto_before=$(($(wc -c <"$fto_file.part")))
        if fetch_rest "$1"; then
            mv "$fto_file.part" "$fto_file"
            tar -xzOf "$fto_file" masked.tsv >>"$STATE/masked.nodes" 2>/dev/null
            : >"$STATE/node/$fto.ok"; break
        fi
        [ $(($(wc -c <"$fto_file.part"))) -gt "$fto_before" ] || { fto_bad=$((fto_bad + 1)); sleep "$FETCH_RETRY_S"; }
    done
    if [ ! -e "$STATE/node/$fto.ok" ]; then
        rm -f "$fto_file.part"
        give_up "$2" "the archive could not be fetched: $(sed 1q "$TMP/err" 2>/dev/null)"
    fi
    rm -rf "$TMP" "$STATE/node/$fto.busy"
}

# One try: true if the file is whole and right. A file that is whole and wrong is begun anew.
fetch_rest() { # POD
    limited "$CALL_TIMEOUT_S" sum kc exec -n "$NAMESPACE" "$1" -c collector -- \
        /bin/sh -c "wc -c <$READY_DIR/node.tar.gz; cat $READY_DIR/node.tar.gz.sha256" >"$TMP/sum" 2>"$TMP/err" || return 1
    fto_size=$(sed 1q "$TMP/sum" | tr -d ' '); fto_want=$(sed -n '2s/ .*//p' "$TMP/sum")
    limited "$FETCH_TIMEOUT_S" data kc exec -n "$NAMESPACE" "$1" -c collector -- \
        tail -c "+$((fto_before + 1))" "$READY_DIR/node.tar.gz" >>"$fto_file.part" 2>"$TMP/err" || true
    [ $(($(wc -c <"$fto_file.part"))) -ge "${fto_size:-1}" ] || return 1
    fto_have=$(sha256_of "$fto_file.part")
    # without a tool on either side, gzip's own checksum has to do
    if [ -z "$fto_have" ] || [ -z "$fto_want" ]; then ! gzip -t "$fto_file.part" 2>/dev/null || return 0; fi
    if [ "$fto_have" = "$fto_want" ]; then return 0; fi
    echo 'the checksum does not match' >"$TMP/err"; : >"$fto_file.part"; fto_before=0
    return 1
}

give_up() { # NODE REASON
    printf '%s\n' "$2" | one_line >"$STATE/node/$(path_part "$1").gone"
}

pod_states() {
    pst_url="/api/v1/namespaces/$NAMESPACE/pods?labelSelector=$(path_part "$LABEL")&limit=10000"
    limited "$CALL_TIMEOUT_S" pods api_get "$pst_url" >"$STATE/pods.json" 2>"$STATE/err" || return 1
    awk -f "$LIB/json.awk" -f "$LIB/podstate.awk" "$STATE/pods.json" >"$STATE/pods.now"
}

# Why no pod appeared: admission says it in an event of the DaemonSet.
refusal() {
    limited "$CALL_TIMEOUT_S" events api_get "/api/v1/namespaces/$NAMESPACE/events?fieldSelector=reason%3DFailedCreate" 2>/dev/null |
        sed -n 's/.*"message": *"\(\([^"\\]\|\\.\)*\)".*/\1/p' | sed 1q | cut -c 1-200
}

# STATE/open: node arch hostname wave(the images tried so far) since(ms)
fetch_all() {
    fta_end=$1
    while [ -s "$STATE/open" ]; do
        now_ms
        if [ "$NOW_MS" -ge "$fta_end" ]; then
            while IFS='	' read -r fta_node _; do
                give_up "$fta_node" "deadline: not finished when the time (--timeout) was used up"
            done <"$STATE/open"
            break
        fi
        # what is not known anew decides nothing: a lost answer is not a pod that never came
        if pod_states; then start_fetches; turn_stuck
        else say "the API server does not answer: $(sed 1q "$STATE/err")"; fi
        close_nodes
        progress
        sleep "$POLL_S"
    done
    now_ms; fta_end=$((NOW_MS + FETCH_TIMEOUT_S * 1000))     # fetches still going on
    while [ "$(busy_count)" -gt 0 ] && [ "$NOW_MS" -lt "$fta_end" ]; do
        sleep "$POLL_S"; progress; now_ms
    done
}

busy_count() { find "$STATE/node" -name '*.busy' | wc -l | tr -d ' '; }

start_fetches() {
    awk -F '\t' 'part == 1 { open[$1]; next } $4 == 1 && $2 in open { print $1 "\t" $2 }' \
        part=1 "$STATE/open" part=2 "$STATE/pods.now" >"$STATE/ready"
    stf_busy=$(busy_count)
    while IFS='	' read -r stf_pod stf_node; do
        [ "$stf_busy" -lt "$CONCURRENCY" ] || break
        stf_name=$(path_part "$stf_node")
        if [ -e "$STATE/node/$stf_name.busy" ] || [ -e "$STATE/node/$stf_name.ok" ]; then continue; fi
        : >"$STATE/node/$stf_name.busy"
        fetch_one "$stf_pod" "$stf_node" </dev/null &
        FETCH_PIDS="$FETCH_PIDS $!"
        stf_busy=$((stf_busy + 1))
    done <"$STATE/ready"
}

# Nodes whose image is not there go on with their next one; those that do not start are given up.
turn_stuck() {
    now_ms
    # A node has one pod per image that was tried: it turns to the next when all of them are stuck.
    awk -F '\t' -v now="$NOW_MS" -v limit="$START_TIMEOUT_S" '
        part == 1 {
            seen[$2] = 1
            if ($5 ~ /^(ErrImageNeverPull|InvalidImageName|ErrImagePull|ImagePullBackOff|ImageInspectError)$/) {
                stuck[$2]++; image_why[$2] = $5; next
            }
            why[$2] = $5; phase[$2] = $3; text[$2] = $6
            next
        }
        stuck[$1] >= $4 { print $1 "\tnext\t" image_why[$1]; next }
        why[$1] ~ /^(CreateContainer(Config)?Error|RunContainerError|StartError|CrashLoopBackOff|Evicted)$/ && now - $5 > 20000 {
            print $1 "\tgone\tthe pod does not start: " why[$1] " " text[$1]; next
        }
        phase[$1] != "Running" && now - $5 > limit * 1000 {
            how = "the pod did not start in " limit " s (" phase[$1] " " why[$1] ")"
            print $1 "\tgone\t" (seen[$1] ? how : "no pod appeared in " limit " s")
        }
    ' part=1 "$STATE/pods.now" part=2 "$STATE/open" >"$STATE/stuck"
    [ -s "$STATE/stuck" ] || return 0
    tst_refusal=
    ! grep -q 'no pod appeared' "$STATE/stuck" || tst_refusal=$(refusal)
    : >"$STATE/wave.next"
    while IFS='	' read -r tst_node tst_what tst_why; do
        if [ "$tst_what" = gone ]; then give_up "$tst_node" "$tst_why${tst_refusal:+: $tst_refusal}"; continue; fi
        next_image "$tst_node" || give_up "$tst_node" "no image on the node could be started ($tst_why); give one with --image"
    done <"$STATE/stuck"
    if [ -s "$STATE/wave.next" ]; then start_wave "$STATE/wave.next" || true; fi
}

# Puts the node's next image into the next wave. The old pod is harmless: it never started.
next_image() { # NODE
    nxi_row=$(awk -F '\t' -v n="$1" '$1 == n' "$STATE/open")
    nxi_wave=$(($(printf '%s' "$nxi_row" | cut -f 4) + 1))
    nxi_image=$(awk -F '\t' -v n="$1" -v w="$nxi_wave" '$1 == n && $2 == w { print $3 }' "$STATE/images.tsv")
    [ -n "$nxi_image" ] && [ "$nxi_wave" -le "$MAX_IMAGES" ] || return 1
    printf '%s\t%s\n' "$(printf '%s' "$nxi_row" | cut -f 1-3)" "$nxi_image" >>"$STATE/wave.next"
    now_ms
    awk -F '\t' -v n="$1" -v w="$nxi_wave" -v now="$NOW_MS" '
        BEGIN { OFS = "\t" } $1 == n { $4 = w; $5 = now } { print }' "$STATE/open" >"$STATE/open.new"
    mv "$STATE/open.new" "$STATE/open"
}

close_nodes() { # takes what is done out of the open ones
    while IFS= read -r cln_row; do
        cln=$(path_part "${cln_row%%	*}")
        if [ -e "$STATE/node/$cln.ok" ] || [ -e "$STATE/node/$cln.gone" ] || [ -e "$STATE/node/$cln.busy" ]; then continue; fi
        printf '%s\n' "$cln_row"
    done <"$STATE/open" >"$STATE/open.new"
    mv "$STATE/open.new" "$STATE/open"
}

progress() {
    prg_ok=$(find "$STATE/node" -name '*.ok' | wc -l | tr -d ' ')
    prg_mb=$(($(du -sk "$WORK/nodes" | cut -f 1) / 1024))
    prg_line="nodes $prg_ok of $RUN_ASKED fetched, $prg_mb MB, waiting for: $(cut -f 1 "$STATE/open" | sed 3q | tr '\n' ' ')"
    if [ -t 2 ]; then printf '\r%-100.100s' "$prg_line" >&2
    elif [ "$prg_line" != "${PRG_LAST:-}" ]; then say "$prg_line"; fi
    PRG_LAST=$prg_line
}
