#!/bin/sh
# export-azure.sh: Azure's own view of a cluster, read with az, from any machine that is logged in.
#
#   sh azure/export-azure.sh --resource-group RG --name CLUSTER [--subscription ID]
#                            [--out DIR] [--bundle BUNDLE.tar] [--since SPAN] [--dry-run]
#
# Only commands that read (show, list). No keys, no credentials of the cluster are asked for, and
# what looks like a secret in the answers is masked. Writes azure.tar.gz into DIR (default: the
# current folder), or puts it into a bundle that is there already.
# shellcheck disable=SC2034  # what is set here is read in lib/
set -u
umask 077
LC_ALL=C; export LC_ALL
HERE=$(cd "$(dirname "$0")" && pwd)
LIB=$HERE/../lib
# shellcheck source=../lib/limits.sh
. "$LIB/limits.sh"
# shellcheck source=../lib/take.sh
. "$LIB/take.sh"
# shellcheck source=../lib/since.sh
. "$LIB/since.sh"
# shellcheck source=../lib/sums.sh
. "$LIB/sums.sh"
# shellcheck source=../lib/pack.sh
. "$LIB/pack.sh"

say() { printf 'demarc: %s\n' "$*" >&2; }
usage() { sed -n '2,9s/^# \{0,1\}//p' "$0"; }
usage_error() { say "$*"; usage >&2; exit 2; }

RG=; NAME=; SUBSCRIPTION=; OUT_DIR=.; BUNDLE=; LIST=0; SPAN=14d; OUT=/none
while [ $# -gt 0 ]; do
    case $1 in
        --resource-group|-g|--name|-n|--subscription|--out|--bundle|--since) [ $# -gt 1 ] || usage_error "$1 needs a value" ;;
    esac
    case $1 in
        --resource-group|-g) RG=$2; shift 2 ;;
        --name|-n) NAME=$2; shift 2 ;;
        --subscription) SUBSCRIPTION=$2; shift 2 ;;
        --out) OUT_DIR=$2; shift 2 ;;
        --bundle) BUNDLE=$2; shift 2 ;;
        --since) SPAN=$2; since_seconds "$2" >/dev/null || exit 2; shift 2 ;;
        --dry-run) LIST=1; shift ;;
        -h|--help) usage; exit 0 ;;
        *) usage_error "unknown option $1" ;;
    esac
done
if [ -z "$RG" ] || [ -z "$NAME" ]; then usage_error '--resource-group and --name are needed'; fi
[ -z "$BUNDLE" ] || [ -f "$BUNDLE" ] || usage_error "no such bundle: $BUNDLE"

azr() { az "$@" ${SUBSCRIPTION:+--subscription "$SUBSCRIPTION"} --only-show-errors -o json; }

# Lists of several answers as one list.
joined() { # FILE…
    awk 'BEGIN { RS = "\001"; printf "[" }
        { sub(/^[ \t\r\n]*\[/, ""); sub(/\][ \t\r\n]*$/, ""); if ($0 ~ /[^ \t\r\n]/) { printf "%s%s", (n++ ? "," : ""), $0 } }
        END { print "]" }' "$@" /dev/null
}

# Asks for each scale set and writes its name into every row.
per_scale_set() { # az vmss …
    psc_n=0; psc_files=
    while IFS= read -r psc; do
        psc_n=$((psc_n + 1))
        azr "$@" --query "[].merge({vmss: '$psc'}, @)" ${PSC_OPTION:+"$PSC_OPTION" "$psc"} >"$TMP/part.$psc_n" || return 1
        psc_files="$psc_files $TMP/part.$psc_n"
    done <"$TMP/vmss.names"
    # shellcheck disable=SC2086  # words on purpose
    joined $psc_files
}
instances() { PSC_OPTION=--name; per_scale_set vmss list-instances --resource-group "$NODE_RG" --expand instanceView; }
vm_extensions() { PSC_OPTION=--vmss-name; per_scale_set vmss extension list --resource-group "$NODE_RG"; }

# The networks that the pools use may lie in another resource group.
networks() {
    azr network vnet list --resource-group "$NODE_RG" >"$TMP/part.0" || return 1
    sed -n 's/.*"vnetSubnetI[dD]": *"\(.*\)\/subnets\/.*/\1/p' "$OUT/agent-pools.json" | sort -u >"$TMP/vnets"
    nws_n=0; nws_files="$TMP/part.0"
    while IFS= read -r nws; do
        nws_n=$((nws_n + 1))
        { echo '['; azr network vnet show --ids "$nws"; echo ']'; } >"$TMP/part.$nws_n" || return 1
        nws_files="$nws_files $TMP/part.$nws_n"
    done <"$TMP/vnets"
    # shellcheck disable=SC2086  # words on purpose
    joined $nws_files
}

# What happened to the node resource group and to the cluster itself.
activity() {
    azr monitor activity-log list --resource-group "$NODE_RG" --offset "$SPAN" --max-events 1000 >"$TMP/part.1" || return 1
    azr monitor activity-log list --resource-id "$CLUSTER_ID" --offset "$SPAN" --max-events 500 >"$TMP/part.2" || return 1
    joined "$TMP/part.1" "$TMP/part.2"
}

field() { sed -n 's/^ \{1,2\}"'"$1"'": *"\([^"]*\)".*/\1/p' "$OUT/managed-cluster.json" 2>/dev/null | sed 1q; }

take_az() { # ITEM COMMAND…
    tka=$1; shift
    if [ "$1" = azr ]; then tka_shown="$*"; shown "az ${tka_shown#azr } -o json"; fi
    needs az; take "$tka" 180 33554432 "$tka.json" "$@"
}

export_all() {
    take_az managed-cluster azr aks show --resource-group "$RG" --name "$NAME"
    NODE_RG=$(field nodeResourceGroup); CLUSTER_ID=$(field id)
    [ "$LIST" = 0 ] || { NODE_RG=NODE-RESOURCE-GROUP; CLUSTER_ID=CLUSTER-ID; }
    # without the name of the person who is logged in
    take_az account azr account show --query '{id:id,state:state,tenantId:tenantId,environmentName:environmentName}'
    take_az agent-pools azr aks nodepool list --resource-group "$RG" --cluster-name "$NAME"
    if [ -z "$NODE_RG" ]; then say 'the cluster could not be read: nothing more can be asked'; return 1; fi
    take_az vmss azr vmss list --resource-group "$NODE_RG"
    # names of scale sets are the "name" fields at the first level of the list
    [ "$LIST" = 1 ] || azr vmss list --resource-group "$NODE_RG" --query '[].name' 2>/dev/null |
        sed -n 's/^ *"\([^"]*\)".*/\1/p' >"$TMP/vmss.names"
    shown "az vmss list-instances --resource-group $NODE_RG --name EACH --expand instanceView -o json"
    take_az vmss-instances instances
    shown "az vmss extension list --resource-group $NODE_RG --vmss-name EACH -o json"
    take_az vmss-extensions vm_extensions
    take_az nsg azr network nsg list --resource-group "$NODE_RG"
    take_az route-tables azr network route-table list --resource-group "$NODE_RG"
    take_az load-balancers azr network lb list --resource-group "$NODE_RG"
    shown "az network vnet list --resource-group $NODE_RG; az network vnet show --ids EACH -o json"
    take_az vnets networks
    shown "az monitor activity-log list --resource-group $NODE_RG --offset $SPAN -o json, and for the cluster"
    take_az activity-log activity
    take_az features azr feature list --namespace Microsoft.ContainerService --query "[?properties.state=='Registered']"
}

# A bundle's manifest has one line per member: one more goes before the first.
add_to_bundle() {
    adb=$WORK/bundle; mkdir -p "$adb"
    tar -C "$adb" -xf "$BUNDLE" || { say "cannot read $BUNDLE"; return 1; }
    adb_top=$(ls "$adb")
    [ -f "$adb/$adb_top/manifest.json" ] || { say "$BUNDLE has no manifest.json in its top folder"; return 1; }
    mv "$WORK/azure.tar.gz" "$adb/$adb_top/azure.tar.gz"
    awk -v row="$(member_row "$adb/$adb_top" azure.tar.gz)" '
        /"path": "azure.tar.gz"/ { next }
        { print }
        /"members": \[/ { print "  " row "," }' "$adb/$adb_top/manifest.json" >"$adb/manifest.new" &&
        mv "$adb/manifest.new" "$adb/$adb_top/manifest.json"
    pack_bundle "$adb" "$adb_top" "$BUNDLE.new" && mv "$BUNDLE.new" "$BUNDLE"
}

if [ "$LIST" = 1 ]; then export_all; exit 0; fi
command -v az >/dev/null 2>&1 || { say 'no az here: run this where the Azure CLI is logged in'; exit 1; }
mkdir -p "$OUT_DIR"
WORK=$(mktemp -d "$OUT_DIR/demarc-azure.XXXXXX") || exit 1
trap 'rm -rf "$WORK"' EXIT
trap 'exit 130' INT TERM HUP
OUT=$WORK/azure; TMP=$WORK/tmp
rows_begin
export_all
if [ ! -s "$OUT/managed-cluster.json" ]; then
    say "az could not read the cluster: $(awk -F '\t' 'NR == 2 { print $10 }' "$OUT/collection.tsv")"; exit 1
fi
pack_part "$OUT" "$WORK/azure.tar.gz" || exit 1
missing=$(awk -F '\t' 'NR > 1 && $10 != "" { print "  " $1 "\t" $10 }' "$OUT/collection.tsv")
if [ -n "$BUNDLE" ]; then add_to_bundle || exit 1; say "added to $BUNDLE"
else mv "$WORK/azure.tar.gz" "$OUT_DIR/azure.tar.gz"; say "wrote $OUT_DIR/azure.tar.gz"; fi
[ -z "$missing" ] || { say 'missing:'; printf '%s\n' "$missing" >&2; exit 3; }
