# lists.sh: lists of objects, in pages, masked and split by namespace while they are written.
# shellcheck shell=sh disable=SC2154,SC2034

# group/resource, in order of worth; everything else that the API server has comes after these.
IMPORTANT='core/events apps/daemonsets apps/deployments core/persistentvolumeclaims core/persistentvolumes
core/services discovery.k8s.io/endpointslices core/configmaps apps/statefulsets apps/replicasets
storage.k8s.io/volumeattachments storage.k8s.io/storageclasses storage.k8s.io/csinodes storage.k8s.io/csidrivers
admissionregistration.k8s.io/mutatingwebhookconfigurations admissionregistration.k8s.io/validatingwebhookconfigurations
apiregistration.k8s.io/apiservices networking.k8s.io/networkpolicies policy/poddisruptionbudgets
coordination.k8s.io/leases core/resourcequotas core/limitranges core/serviceaccounts core/endpoints
batch/jobs batch/cronjobs autoscaling/horizontalpodautoscalers networking.k8s.io/ingresses
acn.azure.com/nodenetworkconfigs cilium.io/ciliumnodes rbac.authorization.k8s.io/clusterrolebindings
rbac.authorization.k8s.io/rolebindings rbac.authorization.k8s.io/clusterroles rbac.authorization.k8s.io/roles
scheduling.k8s.io/priorityclasses certificates.k8s.io/certificatesigningrequests
apiextensions.k8s.io/customresourcedefinitions'

# Never listed: secrets of any group, and what is a second view of something taken already.
unwanted() { # GROUP RESOURCE
    case $2 in secrets|componentstatuses|bindings) return 0 ;; esac
    case $1/$2 in events.k8s.io/events) return 0 ;; esac
    return 1
}

# Which resources are there. A group whose server does not answer (a broken aggregated API)
# is a row; the others are read all the same.
discover() {
    if [ "$LIST" = 1 ]; then
        echo 'api-resources	30s	-	api-resources.json	kubectl get --raw /api/v1, /apis, /apis/GROUP/VERSION'
        return
    fi
    dsc_all="$TMP/resources.tsv"; : >"$dsc_all"; : >"$TMP/groups.failed"
    discover_group core v1 /api/v1
    if limited "$CALL_TIMEOUT_S" "$CALLS" api_get /apis >"$TMP/apis.json" 2>"$TMP/list.err"; then
        awk -f "$LIB/json.awk" -f "$HERE/discovery.awk" "$TMP/apis.json" >"$TMP/groups.tsv"
        while IFS='	' read -r dsc_group dsc_gv; do
            discover_group "$dsc_group" "${dsc_gv#*/}" "/apis/$dsc_gv"
        done <"$TMP/groups.tsv"
    else
        row api-groups '' 'kubectl get --raw /apis' "$(failure_note "$TMP/list.err")"
    fi
    awk -F '\t' 'BEGIN { printf "{\"kind\":\"APIResourceList\",\"resources\":[" }
        $1 == "core" { $1 = "" }
        { printf "%s{\"group\":\"%s\",\"version\":\"%s\",\"name\":\"%s\",", (NR > 1 ? "," : ""), $1, $2, $3
          printf "\"kind\":\"%s\",\"namespaced\":%s}", $4, ($5 ? "true" : "false") }
        END { print "]}" }' "$dsc_all" >"$OUT/api-resources.json"
    full_row api-resources api-resources.json 'kubectl get --raw /apis/…' 0 "$(utc_now)" '' \
        "$(($(wc -c <"$OUT/api-resources.json")))" 0 0 ''
}

# Rows: group version resource kind namespaced verbs
discover_group() { # GROUP VERSION URL
    if limited "$CALL_TIMEOUT_S" "$CALLS" api_get "$3" >"$TMP/group.json" 2>"$TMP/list.err"; then
        awk -f "$LIB/json.awk" -f "$HERE/discovery.awk" "$TMP/group.json" |
            awk -v g="$1" -v v="$2" '{ print g "\t" v "\t" $0 }' >>"$TMP/resources.tsv"
    else
        dsg_note=$(failure_note "$TMP/list.err"); [ "$RC" != 124 ] || dsg_note="timeout: no answer in $CALL_TIMEOUT_S s"
        row "api/$1" '' "kubectl get --raw $3" "$dsg_note"
    fi
}

list_named() { # GROUP/RESOURCE…
    for lnm in "$@"; do
        if [ "$LIST" = 1 ]; then
            echo "$lnm	${CALL_TIMEOUT_S}s a page	-	resources/$lnm	kubectl get --raw …/${lnm#*/}?limit=$PAGE_SIZE"; continue
        fi
        lnm_row=$(awk -F '\t' -v g="${lnm%%/*}" -v r="${lnm#*/}" '$1 == g && $3 == r { print; exit }' "$TMP/resources.tsv")
        if [ -z "$lnm_row" ]; then
            row "$(item_name "${lnm%%/*}" "${lnm#*/}")" "resources/$lnm" '' 'absent: the API server has no such resource'; continue
        fi
        printf '%s\n' "$lnm_row" >"$TMP/one.tsv"
        list_rows "$TMP/one.tsv"
    done
}

list_others() {
    if [ "$LIST" = 1 ]; then
        echo "every other resource that can be listed, but secrets	${CALL_TIMEOUT_S}s a page	-	resources/…	kubectl get --raw …?limit=$PAGE_SIZE"
        return
    fi
    awk -F '\t' '$6 ~ /(^|,)list(,|$)/' "$TMP/resources.tsv" >"$TMP/others.tsv"
    list_rows "$TMP/others.tsv"
}

list_rows() { # FILE      of discover_group's rows
    while IFS='	' read -r lsr_group lsr_version lsr_resource lsr_kind lsr_namespaced _; do
        unwanted "$lsr_group" "$lsr_resource" && continue
        lsr_at=resources/$lsr_group/$lsr_resource
        ! grep -q "^$lsr_group/$lsr_resource\$" "$TMP/listed" 2>/dev/null || continue
        echo "$lsr_group/$lsr_resource" >>"$TMP/listed"
        lsr_api=$lsr_group/$lsr_version; lsr_base=/apis/$lsr_api
        [ "$lsr_group" != core ] || { lsr_api=v1; lsr_base=/api/v1; }
        list_resource
    done <"$1"
}

item_name() { case $1 in core) echo "$2" ;; *) echo "$2.$1" ;; esac; } # GROUP RESOURCE

# One resource: first over the whole cluster; if that is forbidden, in Microsoft's namespaces.
list_resource() {
    ls_item=$(item_name "$lsr_group" "$lsr_resource")
    ls_note=$(obstacle "$ls_item" "$KUBECTL")
    if [ -n "$ls_note" ]; then row "$ls_item" "$lsr_at" '' "$ls_note"; return; fi
    list_pages "$lsr_base/$lsr_resource" "$ls_item"
    case $lsr_namespaced,$ls_note in
        1,forbidden*)
            for ls_ns in ${FALLBACK_NAMESPACES:-kube-system}; do
                list_pages "$lsr_base/namespaces/$ls_ns/$lsr_resource" "$ls_item/$ls_ns"
            done ;;
    esac
}

list_pages() { # URL ITEM
    lp_url=$1; lp_item=$2; lp_next=; lp_page=0; lp_bytes=0; lp_fresh=0; ls_note=
    lp_at=$(utc_now); now_ms; lp_t0=$NOW_MS
    rm -f "$TMP/counts"
    while :; do
        lp_page=$((lp_page + 1))
        lp_get="$lp_url?limit=$PAGE_SIZE${lp_next:+&continue=$lp_next}"
        if ! limited $((CALL_TIMEOUT_S * 2)) "$CALLS" api_get "$lp_get" >"$TMP/page.json" 2>"$TMP/list.err"; then
            ls_note=$(failure_note "$TMP/list.err"); [ "$RC" != 124 ] || ls_note="timeout: no answer in $((CALL_TIMEOUT_S * 2)) s"
            # a token that is too old: the list is begun anew, once
            case $ls_note in *xpired*) if [ "$lp_fresh" = 0 ] && [ "$lp_page" -gt 1 ]; then
                lp_fresh=1; lp_page=0; lp_next=; lp_bytes=0; ls_note=
                rm -rf "${OUT:?}/$lsr_at" "$OUT/$lsr_at".*json; continue; fi ;;
            esac
            break
        fi
        keep_page
        [ -n "$lp_next" ] || break
    done
    list_row
}

# Masks the page and puts it where it belongs; lp_next: the token of the next one.
keep_page() {
    lp_bytes=$((lp_bytes + $(wc -c <"$TMP/page.json")))
    set -- -v counts="$TMP/counts" -v managed="$MANAGED_NAMESPACES" -v state="$TMP/next" -v list_kind="${lsr_kind}List" \
        -v list_api="$lsr_api" -f "$LIB/mask.awk" -f "$LIB/json.awk" -f "$LIB/mask-json.awk"
    if [ "$lsr_namespaced" = 1 ]; then
        mkdir -p "$OUT/$lsr_at"
        awk -v split_to="$OUT/$lsr_at" -v omit="$NAMESPACE" "$@" "$TMP/page.json"
    else
        mkdir -p "$OUT/${lsr_at%/*}"
        kp_to=$OUT/$lsr_at.json
        [ "$lp_page" = 1 ] || kp_to=$(printf '%s.%04d.json' "$OUT/$lsr_at" "$lp_page")
        awk "$@" "$TMP/page.json" >"$kp_to"
    fi
    lp_next=$(sed 1q "$TMP/next"); rm -f "$TMP/page.json" "$TMP/next"
    if [ "$lsr_namespaced$lp_page" = 01 ] && [ -n "$lp_next" ]; then mv "$OUT/$lsr_at.json" "$OUT/$lsr_at.0001.json"; fi
}

# A row for the list, and for a namespaced one also a row per file.
list_row() {
    now_ms; lr_ms=$((NOW_MS - lp_t0)); lr_exit=0; lr_cut=0; lr_masked=0
    if [ -n "$ls_note" ]; then
        lr_exit=1; [ "$lp_page" = 1 ] || { lr_cut=1; ls_note="$ls_note (page $lp_page; the pages before it are there)"; }
    fi
    if [ -s "$TMP/counts" ]; then lr_masked=1; cat "$TMP/counts" >>"$OUT/masked.tsv"; fi
    lr_path=$lsr_at
    [ "$lsr_namespaced" = 1 ] || [ ! -f "$OUT/$lsr_at.json" ] || lr_path=$lsr_at.json
    lr_command="kubectl get --raw $lp_url?limit=$PAGE_SIZE"
    full_row "$lp_item" "$lr_path" "$lr_command" "$lr_exit" "$lp_at" "$lr_ms" "$lp_bytes" "$lr_cut" "$lr_masked" "$ls_note"
    [ "$lsr_namespaced" = 1 ] || return 0
    for lr_f in "$OUT/$lsr_at"/*.json; do
        [ -f "$lr_f" ] || continue
        case $lp_item in */*) [ "${lr_f##*/}" = "${lp_item##*/}.json" ] || continue ;; esac
        printf '\n]}\n' >>"$lr_f"
        lr_ns=${lr_f##*/}; lr_ns=${lr_ns%.json}
        full_row "$ls_item/$lr_ns" "$lsr_at/$lr_ns.json" "$lr_command" "$lr_exit" "$lp_at" '' \
            "$(($(wc -c <"$lr_f")))" "$lr_cut" "$lr_masked" "$ls_note"
    done
}
