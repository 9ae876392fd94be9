# json.awk: reads JSON as a stream, in constant memory, however long a line is.
#
# The record separator is the double quote, so records are by turns structure and text.
# A program that is loaded after this file (awk -f json.awk -f program.awk) defines
#
#   json_value(v, quoted)  called for each value; returns what to write for it (no quotes)
#   json_open(c)           a "{" or "[" was just opened: depth, kind[depth], name[depth] are set
#   json_close(c)          the container at `depth` is about to be closed
#   json_emit(s)           takes the output, piece by piece
#
# and may look at: depth, kind[d] ("{" or "["), name[d] (the key that led to container d,
# empty inside arrays), key[d] (the key read last in container d).

BEGIN { RS = "\""; inside = 0; pending = 0; depth = 0 }

inside {
    text = joined ? text "\"" $0 : $0
    # an odd number of backslashes at the end: that quote belongs to the text
    if (match($0, /\\+$/) && RLENGTH % 2) { joined = 1; next }
    joined = 0; inside = 0; pending = 1
    next
}

{ json_structure($0); inside = 1 }

# a stream that was cut inside a text: what there is of it is still written (and masked)
END { if (inside && joined) json_emit("\"" json_value(text, 1)) }

function json_structure(s,   bare, c, first) {
    first = s
    if (first ~ /^[ \t\r\n]/) sub(/^[ \t\r\n]+/, "", first)
    if (pending) {
        pending = 0
        if (substr(first, 1, 1) == ":") { key[depth] = text; json_emit("\"" text "\"") }
        else json_emit("\"" json_value(text, 1) "\"")
    }
    if (s == ":" || s == ",") { json_emit(s); return }
    while (s != "") {
        if (match(s, /^[ \t\r\n]+/)) { json_emit(substr(s, 1, RLENGTH)); s = substr(s, RLENGTH + 1); continue }
        if (match(s, /^[^][{}:, \t\r\n]+/)) {          # a number, true, false, null
            bare = substr(s, 1, RLENGTH); s = substr(s, RLENGTH + 1)
            json_emit(json_value(bare, 0))
            continue
        }
        c = substr(s, 1, 1); s = substr(s, 2)
        if (c == "{" || c == "[") {
            name[depth + 1] = (kind[depth] == "{") ? key[depth] : ""
            kind[++depth] = c; key[depth] = ""
            json_open(c); json_emit(c)
        } else if (c == "}" || c == "]") {
            json_close(c); json_emit(c)
            if (depth > 0) depth--
            json_closed(c)
        } else json_emit(c)
    }
}
