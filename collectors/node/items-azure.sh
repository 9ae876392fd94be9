# items-azure.sh: what Azure knows and wrote here. The instance metadata service is asked with a
# version of its API that has no user data, and never for a token.
# shellcheck shell=sh disable=SC2154

IMDS_URL=${IMDS_URL:-http://169.254.169.254/metadata/instance?api-version=2020-06-01}

# One line per VM extension: name, handler and version, last status. Settings are not opened.
extensions() {
    printf 'name\thandler\tstatus\n'
    for ext in "$R"/var/lib/waagent/*/HandlerManifest.json; do
        [ -f "$ext" ] || continue
        ext=${ext%/HandlerManifest.json}
        ext_status=; ext_name=
        for ext_f in "$ext"/status/*.status; do      # the highest number is the newest
            [ ! -f "$ext_f" ] || ext_status=$(sed -n 's/.*"status" *: *"\([A-Za-z]*\)".*/\1/p' "$ext_f" | sed 1q)
            [ ! -f "$ext_f" ] || ext_name=$(sed -n 's/.*"name" *: *"\([A-Za-z0-9._ -]*\)".*/\1/p' "$ext_f" | sed 1q)
        done
        [ -n "$ext_status" ] || ext_status=$(sed 1q "$ext/config/HandlerState" 2>/dev/null)
        printf '%s\t%s\t%s\n' "${ext_name:-${ext##*/}}" "${ext##*/}" "${ext_status:-unknown}"
    done
}

azure_state() {
    take azure/instance.json 8 262144 azure/instance.json curl -sS -f -m 5 --noproxy '*' -H Metadata:true "$IMDS_URL"
    if [ "$LIST" = 1 ] || [ -d "$R/var/lib/waagent" ]; then take azure/extensions 10 262144 azure/extensions extensions
    else row azure/extensions azure/extensions '' 'absent: no /var/lib/waagent'; fi
}

azure_logs() {
    take_file azure/waagent.log 10 2097152 azure/waagent.log "$R/var/log/waagent.log"
    take_file azure/cloud-init.log 10 1048576 azure/cloud-init.log "$R/var/log/cloud-init.log"
    take_file azure/cloud-init-output.log 10 1048576 azure/cloud-init-output.log "$R/var/log/cloud-init-output.log"
    if [ "$LIST" = 1 ]; then
        shown 'cat /var/log/azure/** (40 newest files)'; take 'azure/…' 10 1048576 'azure/…' cat
        return
    fi
    [ -d "$R/var/log/azure" ] || { row azure/logs azure '' 'absent: no /var/log/azure'; return; }
    # shellcheck disable=SC2012  # names with line breaks are not AKS's
    (cd "$R/var/log/azure" && find . -type f ! -name '*.gz' ! -name '*.zip' -exec ls -t {} +) 2>/dev/null | sed 40q >"$TMP/azure.list"
    while read -r azl; do
        azl=${azl#./}
        azl_to=azure/$(path_part "$azl" | sed 's|%2F|/|g')
        take_file "$azl_to" 10 1048576 "$azl_to" "$R/var/log/azure/$azl"
    done <"$TMP/azure.list"
}

# AKS itself collects logs every hour: history from before the incident. Taken as it is, since
# an archive that was cut is none; how it is made and what is in it is Microsoft's matter.
azure_log_collector() {
    alc=$R/var/lib/waagent/logcollector/logs.zip
    if [ "$LIST" = 0 ] && [ -f "$alc" ] && [ $(($(wc -c <"$alc"))) -gt "$BUDGET" ]; then
        row azure/aks-log-collector.zip azure/aks-log-collector.zip "cat $alc" "no-space: $(($(wc -c <"$alc"))) bytes, more than is left"
        return
    fi
    take_file azure/aks-log-collector.zip 60 134217728 azure/aks-log-collector.zip "$alc"
}
