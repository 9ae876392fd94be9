#!/bin/sh
# collect.sh: makes one bundle of an AKS cluster, from a machine that has kubectl and a shell.
#
# It reads; it changes nothing in the cluster but a namespace of its own, which it removes at
# the end, also after Ctrl-C. No image is pulled. Secrets are not read. Try --dry-run first.
#
# shellcheck disable=SC2034,SC2317  # what is set here is read in lib/; traps call functions
set -u
umask 077

HERE=$(cd "$(dirname "$0")" && pwd)
LIB=$HERE/lib
# shellcheck source=lib/limits.sh
. "$LIB/limits.sh"
# shellcheck source=lib/take.sh
. "$LIB/take.sh"
# shellcheck source=lib/since.sh
. "$LIB/since.sh"
# shellcheck source=lib/paths.sh
. "$LIB/paths.sh"
# shellcheck source=lib/kube.sh
. "$LIB/kube.sh"
# shellcheck source=lib/sums.sh
. "$LIB/sums.sh"
# shellcheck source=lib/pack.sh
. "$LIB/pack.sh"
# shellcheck source=lib/select.sh
. "$LIB/select.sh"
# shellcheck source=lib/daemonset.sh
. "$LIB/daemonset.sh"
# shellcheck source=lib/fetch.sh
. "$LIB/fetch.sh"
# shellcheck source=lib/proxylogs.sh
. "$LIB/proxylogs.sh"
# shellcheck source=cluster/workers.sh
. "$HERE/cluster/workers.sh"

usage() {
    cat <<'EOT'
Usage: sh collect.sh [OPTION…]

Makes demarc-<cluster>-<time>.tar in the current folder.

  --out DIR              where the bundle goes (default: the current folder)
  --context NAME         as in kubectl
  --kubeconfig FILE      as in kubectl
  --namespace NAME       the namespace that is made and removed (default: demarc-collector)
  --nodes A,B,…          only these nodes
  --selector EXPR        only nodes with these labels, as in kubectl -l
  --max-nodes N          at most N nodes, some of every pool, not-ready ones first
  --since SPAN           how far back logs and journals go: 90m, 24h, 7d (default: 24h)
  --logs-namespace NS    logs of this namespace of yours as well (may be repeated)
  --logs-failing         logs of failing pods in every namespace as well
  --no-daemonset         API server and kubelet proxy only: nothing is made in the cluster
  --image IMAGE          run the node part on this image (may be pulled) instead of one that the
                         node holds
  --max-node-mb N        size limit for one node, uncompressed (default: 64)
  --skip ITEM,…          items left out, e.g. probes/egress.json or azure/* (--dry-run lists them)
  --concurrency N        nodes and calls at the same time (default: 8)
  --qps N                calls to the API server a second, at most (default: 10)
  --timeout SPAN         time for the node part (default: 30m)
  --resume DIR           go on with a run that was cut off: DIR is its .partial folder
  --remove-leftover      remove a namespace that an earlier run left, without asking
  --dry-run              print every command, path, API resource and right that is needed; do nothing
  --version, --help

Exit codes: 0 all collected; 3 partial: the bundle is written and what is missing is listed;
1 nothing usable; 2 wrong usage; 130 interrupted.
EOT
}

say() { [ ! -t 2 ] || printf '\r%-100s\r' '' >&2; printf 'demarc: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }
usage_error() { say "$*"; say 'sh collect.sh --help lists the options'; exit 2; }

OUT_DIR=.; NODES=; SELECTOR=; MAX_NODES=; LOGS_NAMESPACES=; LOGS_FAILING=0; DAEMONSET=1; IMAGE=; SKIP=
TIMEOUT=30m; RESUME=; REMOVE_LEFTOVER=0; DRY_RUN=0; KUBE_CONTEXT=; KUBE_CONFIG=

need_number() { case $2 in ''|*[!0-9]*|0*) usage_error "$1 takes a number above 0, not '$2'" ;; esac; }
need_span() { since_seconds "$2" >/dev/null 2>&1 || usage_error "$1 takes a span like 90m, 24h or 7d, not '$2'"; }

while [ $# -gt 0 ]; do
    opt=$1; shift
    case $opt in
        --*=*) set -- "${opt#*=}" "$@"; opt=${opt%%=*} ;;
    esac
    case $opt in
        --out|--context|--kubeconfig|--namespace|--nodes|--selector|--max-nodes|--since|--logs-namespace|\
        --image|--max-node-mb|--skip|--concurrency|--qps|--timeout|--resume)
            [ $# -gt 0 ] || usage_error "$opt needs a value"
            val=$1; shift ;;
        *) val= ;;
    esac
    case $opt in
        --out) OUT_DIR=$val ;;
        --context) KUBE_CONTEXT=$val ;;
        --kubeconfig) KUBE_CONFIG=$val ;;
        --namespace) NAMESPACE=$val ;;
        --nodes) NODES=$val ;;
        --selector) SELECTOR=$val ;;
        --max-nodes) need_number "$opt" "$val"; MAX_NODES=$val ;;
        --since) need_span "$opt" "$val"; SINCE=$val ;;
        --logs-namespace) LOGS_NAMESPACES="$LOGS_NAMESPACES $(printf '%s' "$val" | tr ',' ' ')" ;;
        --logs-failing) LOGS_FAILING=1 ;;
        --no-daemonset) DAEMONSET=0 ;;
        --image) IMAGE=$val ;;
        --max-node-mb) need_number "$opt" "$val"; MAX_NODE_MB=$val ;;
        --skip) SKIP=$val ;;
        --concurrency) need_number "$opt" "$val"; CONCURRENCY=$val ;;
        --qps) need_number "$opt" "$val"; QPS=$val ;;
        --timeout) need_span "$opt" "$val"; TIMEOUT=$val ;;
        --resume) RESUME=${val%/} ;;
        --remove-leftover) REMOVE_LEFTOVER=1 ;;
        --dry-run) DRY_RUN=1 ;;
        --version) echo "demarc-collector $COLLECTOR_VERSION"; exit 0 ;;
        -h|--help) usage; exit 0 ;;
        *) usage_error "unknown option $opt" ;;
    esac
done
# these two end up in manifests
case $NAMESPACE in ''|*[!a-z0-9-]*) usage_error "not a name for a namespace: $NAMESPACE" ;; esac
case $IMAGE$SKIP in *[!A-Za-z0-9._:/@,*%-]*) usage_error "--image and --skip take names only" ;; esac

TIMEOUT_S=$(since_seconds "$TIMEOUT")
[ "$NODE_DEADLINE_S" -lt "$TIMEOUT_S" ] || NODE_DEADLINE_S=$TIMEOUT_S
NS_MADE=0; GROUP_NO=0; FETCH_PIDS=; PRG_LAST=
export KUBECTL KUBE_CONTEXT KUBE_CONFIG SINCE QPS CONCURRENCY CALL_TIMEOUT_S PAGE_SIZE LOG_MAX_BYTES LOG_PODS_PER_OWNER
export MANAGED_NAMESPACES LOGS_NAMESPACES LOGS_FAILING SKIP COLLECTOR_VERSION MAX_NODE_MB NODE_DEADLINE_S

# --- what the steps are --------------------------------------------------------------------

dry_run() {
    TMP=$(mktemp -d) || exit 1; STATE=$TMP
    echo '# 1. Read from the API server: item, time limit, size limit, path in cluster/, command'
    sh "$HERE/cluster/collect-cluster.sh" --list
    if [ "$DAEMONSET" = 1 ]; then
        echo; echo '# 2. On each Linux node, in a pod: item, time limit, size limit, path in nodes/<node>/, command'
        sh "$HERE/node/collect-node.sh" --list --skip "$SKIP"
        echo; echo "# 3. Made in the cluster, and removed at the end (amd64 shown; image and node names are filled in)"
        echo 'HOST' >"$TMP/hosts"
        # of the ConfigMap only the names: its texts are the files of the kit
        render_group 1 amd64 "${IMAGE:-IMAGE-THAT-THE-NODE-HOLDS}" "$TMP/hosts" |
            awk '/^kind:/ { quiet = 0 } /^  [a-z-]*[.](sh|awk): [|]/ { print; quiet = 1 } !quiet'
        echo; echo '# 4. Fetched from each pod: kubectl exec … -- tail -c +1 /out/demarc/node.tar.gz'
    fi
    echo; echo '# 5. Rights that the caller needs'
    sed '/^#/d' "$HERE/manifests/caller-rights.yaml"
    echo; echo "# Written on this machine: $OUT_DIR/demarc-<cluster>-<time>.tar and, while it runs, a folder of that name with .partial"
    rm -rf "$TMP"
}

preflight() {
    command -v "$KUBECTL" >/dev/null 2>&1 || fail 'no kubectl here'
    for prf in awk tar gzip sed sort tail head od; do command -v "$prf" >/dev/null 2>&1 || fail "no $prf here"; done
    [ -n "$(printf x >"$STATE/x"; sha256_of "$STATE/x")" ] ||
        say 'no tool for SHA-256 here (sha256sum, shasum, openssl): the bundle will be without checksums'
    limited "$CALL_TIMEOUT_S" pre kc get --raw /version >"$STATE/version.json" 2>"$STATE/err" ||
        fail "the API server does not answer: $(grep -v '^E[0-9]' "$STATE/err" | sed 1q)"
    limited "$CALL_TIMEOUT_S" pre kc get --raw /api/v1/namespaces/kube-system >"$STATE/kube-system.json" 2>"$STATE/err"
    RUN_CLUSTER_ID=$(tr -d '\n' <"$STATE/kube-system.json" | sed -n 's/.*"name": *"kube-system", *"uid": *"\([^"]*\)".*/\1/p')
    RUN_SERVER=$(sed -n 's/.*"gitVersion": *"\([^"]*\)".*/\1/p' "$STATE/version.json")
}

may_i() { # VERB RESOURCE …
    limited "$CALL_TIMEOUT_S" can kc auth can-i -q "$@" >/dev/null 2>&1
}

# Without these rights no pod can be started; better known now than half-way.
check_rights() {
    for ckr in 'create namespaces' "create daemonsets.apps -n $NAMESPACE" "create pods/exec -n $NAMESPACE"; do
        # shellcheck disable=SC2086  # words on purpose
        may_i $ckr || { NO_PODS="forbidden: the caller may not $ckr"; return 1; }
    done
}

new_run() {
    RUN_CLUSTER=$(kc config view --minify -o 'jsonpath={.contexts[0].context.cluster}' 2>/dev/null | sed 's/[^A-Za-z0-9._-]/-/g')
    RUN_CLUSTER=${RUN_CLUSTER:-cluster}
    RUN_STARTED=$(utc_now)
    NAME=demarc-$RUN_CLUSTER-$(printf '%s' "$RUN_STARTED" | tr -d ':-')
    PARTIAL=$OUT_DIR/$NAME.partial
    mkdir -p "$PARTIAL/state/node" "$PARTIAL/$NAME/nodes" || exit 1
    printf '%s\n%s\n%s\n' "$NAME" "$RUN_CLUSTER" "$RUN_STARTED" >"$PARTIAL/run"
}

resume_run() {
    [ -f "$RESUME/run" ] || usage_error "$RESUME is not the .partial folder of a run"
    PARTIAL=$RESUME
    { read -r NAME; read -r RUN_CLUSTER; read -r RUN_STARTED; } <"$RESUME/run"
    rm -f "$PARTIAL"/state/node/*.busy "$PARTIAL"/state/node/*.gone
    rm -f "$PARTIAL/$NAME"/nodes/*.part        # of a pod that is gone; a new one packs anew
    mkdir -p "$PARTIAL/state/node" "$PARTIAL/$NAME/nodes"
    say "going on with $NAME"
}

cluster_first() {
    [ ! -f "$PARTIAL/state/first.done" ] || return 0
    say 'reading nodes and pods'
    rm -rf "$PARTIAL/cluster" "$PARTIAL/cluster.tmp"
    sh "$HERE/cluster/collect-cluster.sh" --out "$PARTIAL/cluster" --stage first || return 1
    : >"$PARTIAL/state/first.done"
}

cluster_rest() {
    [ ! -f "$WORK/cluster.tar.gz" ] || return 0
    say 'reading the other objects, kubelets and logs'
    sh "$HERE/cluster/collect-cluster.sh" --out "$PARTIAL/cluster" --stage rest --nodes-file "$STATE/chosen.names"
}

# Linux nodes that have a kubelet of their own: the others get what the API server knows.
choose_nodes() {
    select_nodes "$PARTIAL/cluster.tmp/nodes.tsv"
    cut -f 1 "$STATE/chosen.tsv" >"$STATE/chosen.names"
    RUN_ASKED=$(wc -l <"$STATE/chosen.names" | tr -d ' ')
    : >"$STATE/open"; : >"$STATE/wave"
    rank_images "$STATE/chosen.tsv" "$PARTIAL/cluster.tmp/pods.tsv" >"$STATE/images.tsv"
    awk -F '\t' 'part == 1 { if ($2 == 1) first[$1] = $3; next } { print $0 "\t" first[$1] }' \
        part=1 "$STATE/images.tsv" part=2 "$STATE/chosen.tsv" >"$STATE/chosen.images"
    now_ms
    while IFS='	' read -r chn_node chn_os chn_arch chn_host chn_pool chn_ready chn_labels _ chn_image; do
        [ ! -e "$STATE/node/$(path_part "$chn_node").ok" ] || continue
        case $DAEMONSET,$chn_os,$chn_arch,$chn_labels in
            0,*) give_up "$chn_node" "$NO_PODS"; continue ;;
            *,*,*,*type=virtual-kubelet*) give_up "$chn_node" 'not-asked: a virtual node has no host'; continue ;;
            *,windows,*) give_up "$chn_node" 'not-asked: Windows, taken through the API server only'; continue ;;
            *,linux,amd64,*|*,linux,arm64,*) ;;
            *) [ -n "$IMAGE" ] || { give_up "$chn_node" "not-asked: no manifest for $chn_os/$chn_arch"; continue; } ;;
        esac
        printf '%s\t%s\t%s\t1\t%s\n' "$chn_node" "$chn_arch" "$chn_host" "$NOW_MS" >>"$STATE/open"
        printf '%s\t%s\t%s\t%s\n' "$chn_node" "$chn_arch" "$chn_host" "${IMAGE:-$chn_image}" >>"$STATE/wave"
    done <"$STATE/chosen.images"
    [ -z "$IMAGE" ] || : >"$STATE/images.tsv"
}

# Nodes without an archive: the kubelet proxy, unless nobody asked for nodes at all.
second_best() {
    : >"$STATE/proxy.list"
    for snb in "$STATE"/node/*.gone; do
        [ -f "$snb" ] || continue
        case $(cat "$snb") in not-asked*) ;; *)
            snb=${snb##*/}; snb=${snb%.gone}
            while IFS= read -r snb_node; do
                [ "$(path_part "$snb_node")" != "$snb" ] || echo "$snb_node" >>"$STATE/proxy.list"
            done <"$STATE/chosen.names" ;;
        esac
    done
    [ -s "$STATE/proxy.list" ] || return 0
    say "asking the kubelets of $(wc -l <"$STATE/proxy.list" | tr -d ' ') nodes without an archive for their logs"
    OUT=$STATE/proxy; mkdir -p "$OUT"
    in_parallel proxy_logs_of "$STATE/proxy.list"
}

# Lists what is missing: STATE/missing (node TAB reason), RUN_MISSING_JSON, RUN_ANSWERED.
sum_up() {
    : >"$STATE/missing"
    while IFS= read -r smu; do
        smu_file="$STATE/node/$(path_part "$smu")"
        [ -e "$smu_file.ok" ] || printf '%s\t%s\n' "$smu" "$(cat "$smu_file.gone" 2>/dev/null || echo 'interrupted')" >>"$STATE/missing"
    done <"$STATE/chosen.names"
    RUN_ANSWERED=$((RUN_ASKED - $(wc -l <"$STATE/missing")))
    RUN_MISSING_JSON=$(smu_comma=
        while IFS='	' read -r smu smu_why; do
            printf '%s{"node": %s, "reason": %s}' "$smu_comma" "$(json_text "$smu")" "$(json_text "$smu_why")"; smu_comma=', '
        done <"$STATE/missing")
    OPTIONS_JSON=$(
        printf '{"since": %s, "logs_namespaces": %s, ' "$(json_text "$SINCE")" "$(json_list "$LOGS_NAMESPACES")"
        printf '"logs_failing": %s, "max_node_mb": %s, ' "$LOGS_FAILING" "$MAX_NODE_MB"
        printf '"nodes": %s, "selector": %s, ' "$(json_list "$(printf '%s' "$NODES" | tr ',' ' ')")" "$(json_text "$SELECTOR")"
        printf '"max_nodes": %s, "daemonset": %s, "skip": %s, ' "${MAX_NODES:-null}" "$DAEMONSET" "$(json_text "$SKIP")"
        printf '"images": %s}' "$(json_list "$(sort -u "$STATE/images.run" 2>/dev/null | tr '\n' ' ')")")
    cat "$PARTIAL/cluster/masked.tsv" "$STATE/masked.nodes" >"$STATE/masked.tsv" 2>/dev/null
    awk -F '\t' '$10 ~ /^(forbidden|failed|timeout|deadline|no-space|missing-tool)/ { print $1 "\t" $10 }' \
        "$PARTIAL/cluster/collection.tsv" >"$STATE/cluster.missing"
}

finish() {
    sum_up
    [ -f "$WORK/cluster.tar.gz" ] || pack_part "$PARTIAL/cluster" "$WORK/cluster.tar.gz" || fail 'the cluster part could not be packed'
    write_manifest "$WORK"
    pack_bundle "$PARTIAL" "$NAME" "$OUT_DIR/$NAME.tar" || fail "the bundle could not be written to $OUT_DIR"
    code=0
    if [ -s "$STATE/cluster.missing" ] || grep -qv '	not-asked' "$STATE/missing"; then code=3; fi
    report
    [ "${KEEP_PARTIAL:-0}" = 1 ] || rm -rf "$PARTIAL"
    exit "$code"
}

report() {
    say "wrote $OUT_DIR/$NAME.tar ($(($(wc -c <"$OUT_DIR/$NAME.tar") / 1024)) KB): $RUN_ANSWERED of $RUN_ASKED nodes"
    if [ -s "$STATE/missing" ]; then say 'without a node archive:'; sed 's/^/  /; 40q' "$STATE/missing" >&2; fi
    if [ -s "$STATE/cluster.missing" ]; then
        say "$(wc -l <"$STATE/cluster.missing" | tr -d ' ') items of the cluster view are missing, the first:"
        sed 's/^/  /; 15q' "$STATE/cluster.missing" >&2
    fi
    cat >&2 <<EOT

What to do next
  1. Carry $NAME.tar to a machine that has demarc (it needs no network there).
  2. demarc verify  $NAME.tar      the checksums, and what is missing
  3. demarc analyze $NAME.tar      the report: whose problem is it, with the evidence
  Before it leaves your company: demarc redact $NAME.tar -o redacted.tar replaces names and addresses.
  ARM's view can be added later, from any machine with az:
    sh azure/export-azure.sh --resource-group RG --name CLUSTER --bundle $NAME.tar
EOT
}

# --- ends, wanted and unwanted ---------------------------------------------------------------

stop_fetches() {
    for stp in $FETCH_PIDS; do kill_family "$stp" 2>/dev/null; done 2>/dev/null
    FETCH_PIDS=
}

# A signal finds the script anywhere, also where messages go to a file: they go to the user again.
on_signal() {
    trap '' INT TERM HUP
    trap - EXIT
    exec 2>&9
    say 'interrupted; cleaning up'
    # what is under way first: a kubectl apply that went on would make the namespace anew
    [ -z "${lim_pid:-}" ] || kill_family "$lim_pid"
    for ong in "$STATE"/node/*.busy; do [ ! -e "$ong" ] || { stop_fetches; break; }; done
    remove_namespace
    say "what was collected so far is in $PARTIAL; go on with: sh collect.sh --resume $PARTIAL"
    exit 130
}

on_exit() { exec 2>&9; remove_namespace; }

# --- the run -------------------------------------------------------------------------------

if [ "$DRY_RUN" = 1 ]; then dry_run; exit 0; fi
[ -d "$OUT_DIR" ] || mkdir -p "$OUT_DIR" || exit 1
if [ -n "$RESUME" ]; then resume_run; else new_run; fi
STATE=$PARTIAL/state; WORK=$PARTIAL/$NAME; TMP=$STATE; NO_PODS='not-asked: --no-daemonset'; : >>"$STATE/pods.now"
preflight
exec 9>&2
trap on_signal INT TERM HUP
trap on_exit EXIT
if [ "$DAEMONSET" = 1 ]; then check_leftover; check_rights || { say "$NO_PODS; going on without node archives"; DAEMONSET=0; }; fi

cluster_first || fail 'the API server could not be read'
choose_nodes
if [ -s "$STATE/wave" ]; then
    say "starting pods on $(wc -l <"$STATE/wave" | tr -d ' ') nodes"
    if ! start_wave "$STATE/wave"; then
        while IFS='	' read -r node _; do give_up "$node" 'failed: the DaemonSet could not be made'; done <"$STATE/open"
        : >"$STATE/open"
    fi
fi
cluster_rest                     # meanwhile the nodes are at work
now_ms; fetch_all $((NOW_MS + TIMEOUT_S * 1000))
remove_namespace
second_best
finish
