# logs.sh: container logs: of Microsoft's namespaces, of those asked for (LOGS_NAMESPACES) and,
# with LOGS_FAILING=1, of failing pods anywhere. A DaemonSet has a pod on every node and they
# say much the same: failing ones first, then LOG_PODS_PER_OWNER of each owner.
# shellcheck shell=sh disable=SC2154

logs() {
    if [ "$LIST" = 1 ]; then
        printf 'logs/…\t60s\t%s\tlogs/NAMESPACE/POD/CONTAINER.log\t%s\n' "$LOG_MAX_BYTES" \
            "kubectl get --raw …/pods/POD/log?container=…&sinceSeconds=$(since_seconds "$SINCE"), after a restart also previous=true"
        return
    fi
    [ -s "$TMP/pods.tsv" ] || { row logs logs '' 'absent: no pods are known'; return; }
    choose_logs >"$TMP/logs.list"
    in_parallel log_of "$TMP/logs.list"
    awk -F '\t' '{ n[$1]++ } END { for (k in n) print k "\t" n[k] }' "$TMP/logs.left-out" 2>/dev/null | sort |
    while IFS='	' read -r lgs_owner lgs_n; do
        row "logs/$lgs_owner" "logs/${lgs_owner%%/*}" '' "selection: $lgs_n more containers of $lgs_owner, all ready, were left out"
    done
}

# Lines: namespace pod container previous(0,1). First those that fail, then the others.
choose_logs() {
    awk -F '\t' -v managed="$MANAGED_NAMESPACES" -v wanted=" ${LOGS_NAMESPACES:-} " -v failing="${LOGS_FAILING:-0}" \
        -v most="$LOG_PODS_PER_OWNER" -v left="$TMP/logs.left-out" '
        {
            bad = ($8 > 0 || ($4 != "Succeeded" && !$9 && !$7))
            ours = $1 ~ managed || index(wanted, " " $1 " ")
            if (!ours && !(failing && bad)) next
            if ($4 == "Pending" && !$10 && !$8) next                      # nothing ran yet
            owner = $1 "/" ($5 == "" ? $2 : $5); sub(/-[a-z0-9]*$/, "", owner)
            line = $1 "\t" $2 "\t" $6 "\t" ($8 > 0)
            if (bad) print line
            else if (++seen[owner "\t" $6] <= most) rest[++n] = line
            else print owner "\t" $2 > left
        }
        END { for (i = 1; i <= n; i++) print rest[i] }' "$TMP/pods.tsv"
}

log_of() { # LINE
    IFS='	' read -r log_ns log_pod log_c log_prev <<EOT
$1
EOT
    log_at=logs/$(path_part "$log_ns")/$(path_part "$log_pod")/$(path_part "$log_c")
    log_url="/api/v1/namespaces/$log_ns/pods/$log_pod/log?container=$log_c&timestamps=true"
    take_api "$log_at.log" 60 "$LOG_MAX_BYTES" "$log_at.log" "$log_url&sinceSeconds=$(since_seconds "$SINCE")"
    [ "$log_prev" = 0 ] || take_api "$log_at.previous.log" 60 "$LOG_MAX_BYTES" "$log_at.previous.log" "$log_url&previous=true"
}
