# take.sh: runs one command, with a time limit and a size limit, and leaves one row about it.
# shellcheck shell=sh
#
#   take ITEM SECONDS MAX_BYTES PATH COMMAND [ARGUMENT…]     a command's output
#   take_file ITEM SECONDS MAX_BYTES PATH FILE               a file
#   row ITEM PATH COMMAND NOTE                               nothing was run: only the row
#
# Expects OUT (the folder that is filled; rows go to $OUT/collection.tsv), TMP (a folder for
# what is in flight) and LIB (the folder of this file). Optional: DEADLINE_MS (no item starts
# after it), ITEM_MAX_S (shortens every time limit), BUDGET (bytes left), SKIP (items not wanted, separated by commas), LIST=1 (print
# what would be done, do nothing).
#
# It does not use timeout(1): a process that hangs in the kernel (a dead NFS server) cannot
# be killed, and timeout would wait for it. This waits for a file that the command's wrapper
# writes at its end, and goes on without it if it never comes.

# --- clock ---------------------------------------------------------------------------------

# NOW_MS: milliseconds on a clock that only runs forward. Set, not printed: no process.
now_ms() {
    if [ -r /proc/uptime ]; then
        read -r NOW_MS _ </proc/uptime
        NOW_MS=${NOW_MS%.*}${NOW_MS#*.}0
    else
        NOW_MS=$(date +%s)000
    fi
}

utc_now() { date -u +%Y-%m-%dT%H:%M:%SZ; }

# Sleeps that get longer: quick for what is quick, cheap for what is slow.
NAP_FRACTIONS=yes
sleep 0.01 2>/dev/null || NAP_FRACTIONS=no
nap() { # the how-manieth
    if [ "$NAP_FRACTIONS" = no ]; then [ "$1" -lt 3 ] || sleep 1; return; fi
    if [ "$1" -lt 5 ]; then sleep 0.02
    elif [ "$1" -lt 15 ]; then sleep 0.1
    else sleep 0.5; fi
}

# --- time limit ----------------------------------------------------------------------------

# A process and all below it, deepest last. From /proc where there is one: ps may hang, too.
family() {
    if [ -r /proc/self/stat ]; then
        for fam_file in /proc/[0-9]*/stat; do
            { read -r fam_line <"$fam_file"; } 2>/dev/null && printf '%s\n' "$fam_line"
        done | sed 's/^\([0-9]*\) (.*) . \([0-9]*\) .*/\1 \2/'
    else
        ps -A -o pid= -o ppid=
    fi | awk -v root="$1" '
        { parent[$1] = $2; order[++n] = $1 }
        END {
            take[root] = 1; print root
            do {
                more = 0
                for (i = 1; i <= n; i++) if (!(order[i] in take) && parent[order[i]] in take) {
                    take[order[i]] = 1; print order[i]; more = 1
                }
            } while (more)
        }'
}

kill_family() { # PID
    fam_list=$(family "$1")
    # shellcheck disable=SC2086  # a list of process ids
    kill -TERM $fam_list 2>/dev/null
    sleep "${KILL_GRACE_S:-1}"
    # shellcheck disable=SC2086
    kill -KILL $fam_list 2>/dev/null
    return 0
}

# limited SECONDS TAG COMMAND…: runs it, RC=124 if it took too long (it is killed, or left
# alone if it cannot be). TAG makes the names of its files unique.
limited() {
    lim_s=$1; lim_rc="$TMP/$2.rc"; shift 2
    rm -f "$lim_rc"
    ( "$@"; echo $? >"$lim_rc" ) </dev/null &
    lim_pid=$!
    now_ms; lim_end=$((NOW_MS + lim_s * 1000)); lim_n=0
    while [ ! -s "$lim_rc" ]; do
        now_ms
        if [ "$NOW_MS" -ge "$lim_end" ]; then
            kill_family "$lim_pid"
            RC=124
            return 124
        fi
        nap "$lim_n"; lim_n=$((lim_n + 1))
    done
    read -r RC <"$lim_rc"
    rm -f "$lim_rc"
    return "$RC"
}

# --- size limit ----------------------------------------------------------------------------

# Keeps the first and the last half of a stream: RAW.head, RAW.tail. dd reads no byte more than
# it writes, so nothing is lost between the two; tail asks for one byte more than is wanted, and
# that one says whether there was more. After some hundred megabytes nobody listens any longer:
# a tool that never stops must not keep a sick node busy.
keep_ends() { # MAX_BYTES RAW
    dd bs=4096 count=$(($1 / 8192 + 1)) of="$2.head" 2>/dev/null
    dd bs=65536 count="${ENDLESS_BLOCKS:-32768}" 2>/dev/null | tail -c $(($1 / 2 + 1)) >"$2.tail"
}

# Runs the command with its output and its messages kept apart, both bounded.
bounded() { # MAX_BYTES RAW COMMAND…
    bnd_max=$1; bnd_raw=$2; shift 2
    {
        {
            "$@" 3>&- & echo $! >"$bnd_raw.pid"
            wait $!
            echo $? >"$bnd_raw.exit"
        } 2>&1 >&3 3>&- | { dd bs=512 count=64 of="$bnd_raw.err" 2>/dev/null; cat >/dev/null; }
    } 3>&1 | keep_ends "$bnd_max" "$bnd_raw"
}

# After the time limit: first only the command, so that what it wrote so far is kept.
stop_bounded() { # RAW
    [ -s "$1.pid" ] || return 0
    read -r stb_pid <"$1.pid"
    kill_family "$stb_pid"
}

# A file's two ends, without reading what lies between.
cat_ends() { # MAX_BYTES FILE
    cte_size=$(wc -c <"$2") || return 1
    if [ "$cte_size" -le "$1" ]; then cat "$2"; return; fi
    head -c $(($1 / 2)) "$2"
    printf '\n'; cut_mark; printf '\n'
    tail -c $(($1 / 2)) "$2" | sed 1d
}

cut_mark() { printf '<demarc: cut here, the middle was left out>'; }

# The two halves, with a mark between them if something is missing there. A line that was cut
# through is dropped where the second half begins: half a secret is one that no pattern finds.
joined_ends() { # MAX_BYTES RAW
    cat "$2.head"
    jne_tail=$(($(wc -c <"$2.tail")))
    if [ "$jne_tail" -le $(($1 / 2)) ]; then cat "$2.tail"; return; fi
    printf '\n'; cut_mark; printf '\n'
    sed 1d "$2.tail"
}

# --- masking -------------------------------------------------------------------------------

# Which masker fits is seen from the name.
mask_as() { # PATH
    case $1 in
        *.zip) cat ;;
        *.json|*.conflist)
            LC_ALL=C awk -v whole=1 -v counts="$TMP/counts" -f "$LIB/mask.awk" -f "$LIB/json.awk" -f "$LIB/mask-json.awk" ;;
        *static-pods*) mask_lines 1 ;;
        *) mask_lines 0 ;;
    esac
}

# JSON begins with a bracket. Anything else under such a name is a message of some tool.
is_json() { # FILE
    case $(dd if="$1" bs=64 count=1 2>/dev/null | tr -d ' \t\r\n' | cut -c 1) in '{'*|'['*) return 0 ;; esac
    return 1
}

mask_lines() { # ENV
    LC_ALL=C awk -v env="$1" -v counts="$TMP/counts" -f "$LIB/mask.awk" -f "$LIB/mask-lines.awk"
}

# --- rows ----------------------------------------------------------------------------------

rows_begin() {
    mkdir -p "$OUT" "$TMP"
    [ -s "$OUT/collection.tsv" ] ||
        printf 'item\tpath\tcommand\texit\tstarted\tms\tbytes\ttruncated\tmasked\tnote\n' >"$OUT/collection.tsv"
}

one_line() { tr '\t\r\n' '   ' | tr -cd '\040-\176' | cut -c 1-300 | sed 's/ *$//'; }     # ASCII only

full_row() { # ITEM PATH COMMAND EXIT STARTED MS BYTES TRUNCATED MASKED NOTE
    printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$@" >>"$OUT/collection.tsv"
}

row() { # ITEM PATH COMMAND NOTE
    if [ "${LIST:-0}" = 1 ]; then return; fi
    full_row "$1" "$2" "$3" '' '' '' 0 0 0 "$4"
}

# Why an item may not start: prints the note, or nothing.
obstacle() { # ITEM PROGRAM
    case ",${SKIP:-}," in *",$1,"*) echo 'not-asked: left out by --skip'; return ;; esac
    case ",${SKIP:-}," in *",${1%%/*}/*,"*) echo 'not-asked: left out by --skip'; return ;; esac
    if [ -n "${DEADLINE_MS:-}" ]; then
        now_ms
        if [ "$NOW_MS" -ge "$DEADLINE_MS" ]; then echo 'deadline: the time for the whole run was used up'; return; fi
    fi
    if [ -n "${BUDGET:-}" ] && [ "$BUDGET" -le 0 ]; then echo 'no-space: the size limit of this part was used up'; return; fi
    if [ "$(free_mb)" -lt "${MIN_FREE_MB:-0}" ]; then echo "no-space: less than ${MIN_FREE_MB} MB free"; return; fi
    command -v "$2" >/dev/null 2>&1 || echo "missing-tool: no $2 here"
}

# Free space where items are written, 999999 if it cannot be found out. df may hang; stat on one
# folder that this script made does not.
free_mb() {
    if fre=$(stat -f -c '%a %S' "$TMP" 2>/dev/null); then
        echo $((${fre% *} * ${fre#* } / 1048576))
    elif limited "$((${ITEM_MAX_S:-5} < 5 ? ${ITEM_MAX_S:-5} : 5))" df df -P -k "$TMP" >"$TMP/df.out" 2>/dev/null; then
        awk 'NR == 2 { mb = int($4 / 1024) } END { print (NR < 2 ? 999999 : mb) }' "$TMP/df.out"
    else
        echo 999999
    fi
}

# For a command that is a function: the tool that it cannot do without, and what to show instead
# of its name. Both hold for the next item only.
TAKE_NEEDS=; TAKE_SHOWN=
needs() { TAKE_NEEDS=$1; }
shown() { TAKE_SHOWN=$1; }

take() { # ITEM SECONDS MAX_BYTES PATH COMMAND…
    tk_item=$1; tk_s=$2; tk_max=$3; tk_path=$4; shift 4
    [ "$tk_s" -le "${ITEM_MAX_S:-9999}" ] || tk_s=$ITEM_MAX_S
    tk_cmd=${TAKE_SHOWN:-$*}
    case ${#tk_cmd},$tk_cmd in
        [0-9],*[!\ -~]*|[0-9][0-9],*[!\ -~]*|[0-9][0-9][0-9]*,*) tk_cmd=$(printf '%s' "$tk_cmd" | one_line) ;;
    esac
    tk_prog=${TAKE_NEEDS:-$1}; TAKE_SHOWN=; TAKE_NEEDS=
    if [ "${LIST:-0}" = 1 ]; then
        printf '%s\t%ss\t%s\t%s\t%s\n' "$tk_item" "$tk_s" "$tk_max" "$tk_path" "$tk_cmd"
        return 0
    fi
    tk_note=$(obstacle "$tk_item" "$tk_prog")
    if [ -n "$tk_note" ]; then row "$tk_item" "$tk_path" "$tk_cmd" "$tk_note"; return 1; fi
    if [ -n "${BUDGET:-}" ] && [ "$tk_max" -gt "$BUDGET" ]; then tk_max=$BUDGET; fi
    tk_raw="$TMP/raw"
    rm -f "$tk_raw".* "$TMP/counts"
    : >"$tk_raw.head"; : >"$tk_raw.tail"; : >"$tk_raw.err"
    tk_at=$(utc_now); now_ms; tk_t0=$NOW_MS
    take_run "$@"
    now_ms; tk_ms=$((NOW_MS - tk_t0))
    take_keep
    [ "$tk_exit" = 0 ]
}

take_run() { # COMMAND…
    tk_rcfile="$TMP/take.rc"; rm -f "$tk_rcfile"
    ( bounded "$tk_max" "$tk_raw" "$@"; echo 0 >"$tk_rcfile" ) </dev/null &
    tk_pid=$!; tk_late=0; tk_n=0; tk_end=$((tk_t0 + tk_s * 1000))
    while [ ! -s "$tk_rcfile" ]; do
        now_ms
        if [ "$NOW_MS" -ge "$tk_end" ]; then
            if [ "$tk_late" = 1 ]; then kill_family "$tk_pid"; break; fi
            tk_late=1; tk_end=$((NOW_MS + ${LATE_S:-3} * 1000))
            stop_bounded "$tk_raw"
        fi
        nap "$tk_n"; tk_n=$((tk_n + 1))
    done
    tk_exit=
    [ -s "$tk_raw.exit" ] && read -r tk_exit <"$tk_raw.exit"
    [ "$tk_late" = 0 ] || tk_exit=124
}

# Masks what was taken, puts it in its place, writes the row.
take_keep() {
    tk_cut=0; tk_note=
    [ $(($(wc -c <"$tk_raw.tail"))) -le $((tk_max / 2)) ] || tk_cut=1
    case $tk_path in */*) [ -d "$OUT/${tk_path%/*}" ] || mkdir -p "$OUT/${tk_path%/*}" ;; esac
    case $tk_path in *.json|*.conflist)
        if [ -s "$tk_raw.head" ] && ! is_json "$tk_raw.head"; then
            sed 1q "$tk_raw.head" | cut -c 1-200 >>"$tk_raw.err"
            : >"$tk_raw.head"; : >"$tk_raw.tail"; tk_cut=0; [ "$tk_exit" != 0 ] || tk_exit=1
        fi ;;
    esac
    joined_ends "$tk_max" "$tk_raw" | mask_as "$tk_path" >"$OUT/$tk_path"
    case $tk_path in
        *.zip) ;;
        *) ! grep -q '^<demarc: cut here' "$OUT/$tk_path" || tk_cut=1 ;;
    esac
    tk_bytes=$(($(wc -c <"$OUT/$tk_path")))
    if [ "$tk_exit" = 124 ] && [ "$tk_late" = 1 ]; then tk_note="timeout: stopped after $tk_s s"
    elif [ "$tk_exit" != 0 ]; then tk_note=$(failure_note "$tk_raw.err"); fi
    if [ -n "$tk_note" ] && [ "$tk_bytes" = 0 ]; then rm -f "$OUT/$tk_path"; fi
    tk_masked=0
    if [ -s "$TMP/counts" ]; then tk_masked=1; cat "$TMP/counts" >>"$OUT/masked.tsv"; fi
    if [ -n "${BUDGET:-}" ]; then BUDGET=$((BUDGET - tk_bytes)); fi
    full_row "$tk_item" "$tk_path" "$tk_cmd" "$tk_exit" "$tk_at" "$tk_ms" "$tk_bytes" \
        "$tk_cut" "$tk_masked" "$tk_note"
    rm -f "$tk_raw".* "$TMP/counts"
}

# The first word tells machines what happened, the rest tells people. printf, not echo: the echo
# of dash makes a line break or a tab of a message's \n or \t, and the row falls apart.
failure_note() { # FILE WITH MESSAGES
    fln_text=$(sed '/^[ \t]*$/d' "$1" | sed 1q | mask_lines 0 | one_line)
    case $fln_text in
        *orbidden*|*nauthorized*|*'ermission denied'*|*'not permitted'*) printf 'forbidden: %s\n' "$fln_text" ;;
        *'(NotFound)'*|*'o such file'*|*'404 page not found'*|*'could not find the requested resource'*|\
        *'previous terminated container'*) printf 'absent: %s\n' "$fln_text" ;;
        *) printf 'failed: %s\n' "${fln_text:-no message}" ;;
    esac
}

take_file() { # ITEM SECONDS MAX_BYTES PATH FILE
    if [ "${LIST:-0}" != 1 ] && [ ! -e "$5" ]; then row "$1" "$4" "cat $5" 'absent: no such file'; return 1; fi
    shown "cat $5"
    take "$1" "$2" "$3" "$4" cat_ends "$3" "$5"
}
