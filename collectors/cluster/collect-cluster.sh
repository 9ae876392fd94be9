#!/bin/sh
# collect-cluster.sh: the API server's view, read with kubectl alone, from the jump host.
#
#   sh cluster/collect-cluster.sh --out DIR [--stage first|rest|all] [--nodes-file FILE]
#   sh cluster/collect-cluster.sh --list
#
# Only GET requests (and the question "what may I do?"). Secrets are never asked for.
# `first` reads what the rest needs: version, health, resources, namespaces, nodes, pods.
# Options come from the environment: lib/limits.sh names them.
# shellcheck disable=SC2034  # what is set here is read in lib/
set -u
umask 077
LC_ALL=C; export LC_ALL

HERE=$(cd "$(dirname "$0")" && pwd)
LIB=$HERE/../lib
STAGE=all; OUT=; NODES_FILE=; LIST=0
while [ $# -gt 0 ]; do
    case $1 in
        --out|--stage|--nodes-file) [ $# -gt 1 ] || { echo "$1 needs a value" >&2; exit 2; } ;;
    esac
    case $1 in
        --out) OUT=$2; shift 2 ;;
        --stage) STAGE=$2; shift 2 ;;
        --nodes-file) NODES_FILE=$2; shift 2 ;;
        --list) LIST=1; shift ;;
        *) echo "collect-cluster.sh: unknown option $1" >&2; exit 2 ;;
    esac
done
[ -n "$OUT" ] || [ "$LIST" = 1 ] || { echo "collect-cluster.sh: --out is missing" >&2; exit 2; }

# shellcheck source=../lib/limits.sh
. "$LIB/limits.sh"
# shellcheck source=../lib/take.sh
. "$LIB/take.sh"
# shellcheck source=../lib/since.sh
. "$LIB/since.sh"
# shellcheck source=../lib/kube.sh
. "$LIB/kube.sh"
# shellcheck source=../lib/paths.sh
. "$LIB/paths.sh"
# shellcheck source=lists.sh
. "$HERE/lists.sh"
# shellcheck source=logs.sh
. "$HERE/logs.sh"
# shellcheck source=kubelets.sh
. "$HERE/kubelets.sh"
TMP=${OUT:-/tmp}.tmp
CALLS=cluster                       # the tag of what runs under a time limit

feature_gates() { api_get /metrics | grep '^kubernetes_feature_enabled'; }
rights() { pace; kc auth can-i --list --namespace kube-system; }

# What may be passed on about the run: versions of client and server.
first_stage() {
    take_api version 30 65536 version.json /version
    take_api livez 30 262144 livez.txt '/livez?verbose'
    take_api readyz 30 262144 readyz.txt '/readyz?verbose'
    shown 'kubectl auth can-i --list --namespace kube-system'
    take rights 30 262144 rights.txt rights
    discover
    list_named core/namespaces core/nodes core/pods
    [ "$LIST" = 1 ] || index_objects
}

rest_stage() {
    # shellcheck disable=SC2086  # words on purpose
    list_named $IMPORTANT
    shown 'kubectl get --raw /metrics, lines kubernetes_feature_enabled'
    take feature-gates 60 1048576 feature-gates.txt feature_gates
    kubelets
    list_others
    logs
}

# Rows that the later stages and collect.sh read; kept beside the part, not in it.
index_objects() {
    : >"$TMP/nodes.tsv"; : >"$TMP/pods.tsv"
    for ido in "$OUT"/resources/core/nodes.json "$OUT"/resources/core/nodes.[0-9]*.json; do
        [ ! -f "$ido" ] || awk -f "$LIB/json.awk" -f "$HERE/nodes.awk" "$ido" >>"$TMP/nodes.tsv"
    done
    for ido in "$OUT"/resources/core/pods/*.json; do
        [ ! -f "$ido" ] || awk -f "$LIB/json.awk" -f "$HERE/pods.awk" "$ido" >>"$TMP/pods.tsv"
    done
}

if [ "$LIST" = 1 ]; then first_stage; rest_stage; exit 0; fi
rows_begin
now_ms; DEADLINE_MS=$((NOW_MS + ${CLUSTER_DEADLINE_S:-3600} * 1000))
case $STAGE in
    first) first_stage ;;
    rest) rest_stage ;;
    all) first_stage; rest_stage ;;
    *) echo "collect-cluster.sh: no stage $STAGE" >&2; exit 2 ;;
esac
