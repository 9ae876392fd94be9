# limits.sh: the version and every constant. All may be set in the environment.
# shellcheck shell=sh disable=SC2034
# the kit has a file with its version
COLLECTOR_VERSION=${COLLECTOR_VERSION:-$(cat "$LIB/../VERSION" 2>/dev/null || echo 1.0.0)}

# one node
MAX_NODE_MB=${MAX_NODE_MB:-64}           # all items of a node, uncompressed
NODE_DEADLINE_S=${NODE_DEADLINE_S:-420}  # items that did not start by then are left out
MIN_FREE_MB=${MIN_FREE_MB:-64}           # free space that is never touched where items are written
SINCE=${SINCE:-24h}                      # how far back journals and logs go: 90m, 24h, 7d

# the jump host
NAMESPACE=${NAMESPACE:-demarc-collector}
CONCURRENCY=${CONCURRENCY:-8}            # nodes fetched at the same time
QPS=${QPS:-10}                           # calls to the API server a second, at most
PAGE_SIZE=${PAGE_SIZE:-500}              # objects in a page of a list
CALL_TIMEOUT_S=${CALL_TIMEOUT_S:-60}     # one call to the API server
LOG_MAX_BYTES=${LOG_MAX_BYTES:-2097152}  # one container's log
LOG_PODS_PER_OWNER=${LOG_PODS_PER_OWNER:-10}
API_TRIES=${API_TRIES:-3}                # of a call that failed in a way that may pass
API_RETRY_S=${API_RETRY_S:-2}            # wait before the second try; twice that before the third
START_TIMEOUT_S=${START_TIMEOUT_S:-180}  # a pod that did not start by then is given up
MAX_IMAGES=${MAX_IMAGES:-5}              # images of a node that are tried
POLL_S=${POLL_S:-2}                      # between two looks at the pods
FETCH_TIMEOUT_S=${FETCH_TIMEOUT_S:-600}  # one try to fetch one archive
FETCH_TRIES=${FETCH_TRIES:-4}            # tries that brought nothing, for one archive
FETCH_RETRY_S=${FETCH_RETRY_S:-1}        # wait after a try that brought nothing
NS_GONE_S=${NS_GONE_S:-90}               # how long the namespace may take to go away
NS_POLL_S=${NS_POLL_S:-1}                # between two looks at it
FORCE_AFTER_S=${FORCE_AFTER_S:-15}       # its pods are removed by force after that

# both
ENDLESS_BLOCKS=${ENDLESS_BLOCKS:-32768}  # of 64 KiB: nobody listens longer to a tool that never stops
KILL_GRACE_S=${KILL_GRACE_S:-1}          # between asking a process to end and killing it
LATE_S=${LATE_S:-3}                      # what a stopped command's last output may take to be kept

# Namespaces that belong to Microsoft: read whole, with logs. A regular expression of awk. Ones that
# a customer may have made as well (flux-system, dapr-system, …) are not among them.
MANAGED_NAMESPACES=${MANAGED_NAMESPACES:-"^(kube-system|kube-public|kube-node-lease|gatekeeper-system|\
calico-system|calico-apiserver|tigera-operator|app-routing-system|aks-command|aks-istio-.*|azure-arc|\
azappconfig-system|azure-extensions-usage-system|kube-egress-gateway-system)\$"}
