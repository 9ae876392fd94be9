# kube.sh: kubectl, politely: one place that knows how the API server is called.
# shellcheck shell=sh
#
# Optional: KUBE_CONTEXT, KUBE_CONFIG (as in --context, --kubeconfig). The rest is in limits.sh.

KUBECTL=${KUBECTL:-kubectl}

kc() {
    "$KUBECTL" ${KUBE_CONFIG:+--kubeconfig "$KUBE_CONFIG"} ${KUBE_CONTEXT:+--context "$KUBE_CONTEXT"} \
        --request-timeout="${CALL_TIMEOUT_S}s" "$@"
}

# At most QPS calls a second over all workers (WORKERS run at the same time).
pace() {
    [ "${NAP_FRACTIONS:-yes}" = yes ] || { [ "$QPS" -gt 1 ] || sleep 1; return; }
    pac_ms=$((1000 * ${WORKERS:-1} / QPS)); pac_rest=$((1000 + pac_ms % 1000))
    sleep "$((pac_ms / 1000)).${pac_rest#1}"
}

# GET of one path of the API to standard output. Failures that may pass are tried again: too
# many requests, errors of the server, a connection that broke. The answer is held in a file
# until it is whole, so that no half answer comes out.
api_get() { # URL
    apg_try=1
    while :; do
        pace
        if kc get --raw "$1" >"$TMP/api.out" 2>"$TMP/api.err"; then cat "$TMP/api.out"; return 0; fi
        case $(cat "$TMP/api.err") in
            *orbidden*|*nauthorized*|*NotFound*|*'not find'*|*xpired*|*BadRequest*) break ;;
        esac
        [ "$apg_try" -lt "$API_TRIES" ] || break
        sleep "$((apg_try * API_RETRY_S))"
        apg_try=$((apg_try + 1))
    done
    cat "$TMP/api.err" >&2
    return 1
}

# take, for one path of the API.
take_api() { # ITEM SECONDS MAX_BYTES PATH URL
    shown "kubectl get --raw $5"
    take "$1" "$2" "$3" "$4" api_get "$5"
}
