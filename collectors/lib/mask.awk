# mask.awk: replaces secrets in a text by <masked>. Functions only; mask-lines.awk and
# mask-json.awk use them. Written for mawk, gawk, busybox awk and the awk of macOS alike:
# no intervals, no back-references, no case folding but tolower().
#
#   mask_text(s)       s with its secrets replaced; counts them in masked[pattern]
#   secret_key(k)      true if a value under the key k (lower case) is a secret by its name
#
# Every replacement leaves what names the secret, so that a reader sees that one was there.

BEGIN {
    M = "<masked>"
    # characters of a bare value: it ends at white space, quotes, separators, a backslash that
    # escapes one of these (JSON in JSON), or another placeholder
    BARE = "([^] \t\r\n\"'`;,&<>}{)(\\\\]|\\\\\\\\|\\\\/)+"
    STRONG = "(password|passwd|passphrase|client[_-]?secret|secret[_-]?key|api[_-]?key|access[_-]?key|" \
        "account[_-]?key|private[_-]?key|master[_-]?key|shared[_-]?key|client-key-data|instrumentation[_-]?key|" \
        "bootstrap[_-]?token|access[_-]?token|refresh[_-]?token|id[_-]?token|sas[_-]?token|auth[_-]?token|" \
        "identitytoken|registrytoken|aadclientcertpassword|connection[_-]?string)"
    WEAK = "(token|auth|secret|pwd|userdata|customdata|protectedsettings|[.]?dockerconfigjson)"
    Q = "(\\\\*[\"'])?"                       # a quote, perhaps escaped, perhaps none
    # key = value, key: value, "key": "value", \"key\":\"value\"
    STRONG_RE = STRONG Q "[ \t]*(=|:)[ \t]*" Q
    WEAK_RE = "(^|[^a-z0-9])" WEAK Q "[ \t]*(=|:)[ \t]*" Q
    FLAG_RE = "(^|[ \t\"',])--?[a-z0-9-]*(password|passwd|token|secret|api-key|account-key)[ \t]+"
    B64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (i = 0; i < 64; i++) b64[substr(B64, i + 1, 1)] = i
    for (i = 32; i < 127; i++) chr[i] = sprintf("%c", i)
    chr[9] = "\t"; chr[10] = "\n"; chr[13] = "\r"
}

function mask_text(s,   low) {
    low = tolower(s)
    # one cheap look decides whether the costly ones are needed
    if (low ~ /pass|secret|token|key|sig=|auth|bearer|basic|eyj|begin|:\/\/|gh[pousr]_|github_pat/ ||
        low ~ /q~|pwd|connection|azdo|userdata|customdata|protectedsettings|dockerconfig/) {
        s = mask_pem(s)
        s = mask_after(s, "bearer", "(bearer|basic|negotiate)([ \t]|%20)+", "random")
        s = mask_token(s, "jwt", "eyJ[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+([.][A-Za-z0-9_-]*)?", 20, 0)
        s = mask_urls(s)
        s = mask_after(s, "sas-signature", "([?&;]|^|[ \"']|u0026|amp;)sig=", "any")
        s = mask_after(s, "shared-access-signature", "sharedaccesssignature=", "any")
        s = mask_after(s, "key-value", STRONG_RE, "any")
        s = mask_after(s, "key-value", WEAK_RE, "random")
        s = mask_after(s, "key-value", FLAG_RE, "any")
        s = mask_token(s, "github-token", "gh[pousr]_[A-Za-z0-9]+", 24, 0)
        s = mask_token(s, "github-token", "github_pat_[A-Za-z0-9_]+", 24, 0)
        s = mask_token(s, "azure-devops-token", "[A-Za-z0-9]+AZDO[A-Za-z0-9]+", 76, 0)
        s = mask_token(s, "entra-client-secret", "[A-Za-z0-9_.~-]+[0-9]Q~[A-Za-z0-9_.~-]+", 34, 48)
    }
    # (literals: some awks compile an expression in a variable anew each time)
    if (length(s) >= 52 && \
        s ~ /[a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7][a-z2-7]/)
        s = mask_token(s, "azure-devops-token", "[A-Za-z0-9]+", 52, 52)
    if (length(s) < 16 || decoding) return s
    return long_run(s) ? mask_base64(s) : s
}

function secret_key(k) {
    return k ~ (STRONG "$") || k ~ ("^" WEAK "$")
}

# An environment variable is a secret by the end of its name, unless its value is a path,
# a switch or a number.
function secret_env(n, v) {
    n = tolower(n)
    if (v ~ /^(\/|true$|false$|[0-9.]+[a-z]?$|$)/) return 0
    return n ~ /(password|passwd|passphrase|pwd|secret|token|credentials?|connection_?string)$/ \
        || n ~ /(api|access|account|secret|private|shared|storage|instrumentation|master|encryption)_?key$/
}

function count(pattern) { masked[pattern]++; touched++ }

# What follows `re` (matched in lower case) is masked up to the end of the bare or quoted value.
# `what` is "any" value, or only a "random" one. Switches, placeholders and references stay.
function mask_after(s, pattern, re, what,   low, out, head, v, n) {
    low = tolower(s); out = ""
    while (match(low, re)) {
        n = RSTART + RLENGTH - 1
        head = substr(s, 1, n); s = substr(s, n + 1)
        v = ""
        if (match(head, /[=:][ \t]*\\*["']$/)) {       # a quoted value may hold blanks
            match(head, /\\*["']$/)
            v = up_to_quote(s, substr(head, RSTART))
        } else if (match(s, "^" BARE)) v = substr(s, 1, RLENGTH)
        out = out head
        if (keep_value(v) || (what == "random" && !looks_random(v))) out = out v
        else { out = out M; count(pattern) }
        s = substr(s, length(v) + 1); low = tolower(s)
    }
    return out s
}

# The text before the quote that ends it (and has no further backslash before it).
function up_to_quote(s, quote,   n, step) {
    n = index(s, quote)
    while (n > 1 && substr(s, n - 1, 1) == "\\") {
        step = index(substr(s, n + 1), quote)
        if (!step) break
        n += step
    }
    return n ? substr(s, 1, n - 1) : s
}

function keep_value(v) {
    return v == "" || v ~ /^(<|\$[({A-Za-z]|\{\{|%\(|\*+$)/ || \
        v ~ /^(true|false|null|none|nil|[Ww]ebhook|-|\{|\[|\/(etc|var|run|tmp|mnt|usr|opt)\/[^ ]*)$/
}

# Eight or more characters that no word or sentence has: letters and digits, or bumpy case.
function looks_random(v) {
    return length(v) >= 8 && v !~ /[ \t]/ && ((v ~ /[0-9]/ && v ~ /[A-Za-z]/) || v ~ /[a-z][A-Z].*[a-z][A-Z]/)
}

# Tokens that are secret by their own form. `least` and `most` (0: none) bound their length.
function mask_token(s, pattern, re, least, most,   out) {
    out = ""
    while (match(s, re)) {
        if (RLENGTH < least || (most && RLENGTH > most) ||
            (pattern == "azure-devops-token" && most && !base32(substr(s, RSTART, RLENGTH)))) {
            out = out substr(s, 1, RSTART + RLENGTH - 1)
        } else { out = out substr(s, 1, RSTART - 1) M; count(pattern) }
        s = substr(s, RSTART + RLENGTH)
    }
    return out s
}

# lower-case base32 with digits and letters beyond hexadecimal: no checksum looks like that
function base32(t) { return t ~ /^[a-z2-7]+$/ && t ~ /[g-z]/ && t ~ /[2-7]/ }

function mask_urls(s,   out) {
    out = ""
    while (match(s, /:\/\/[^]\/ \t"'@<>,;:]*:[^]\/ \t"'@<>,;]+@/)) {
        out = out substr(s, 1, RSTART + 2) M "@"; count("url-credentials")
        s = substr(s, RSTART + RLENGTH)
    }
    return out s
}

# A private key within one text. One that goes over many lines is the matter of mask-lines.awk.
function mask_pem(s,   out, n, rest, e) {
    out = ""
    while (match(s, /-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----/)) {
        n = RSTART + RLENGTH - 1
        rest = substr(s, n + 1)
        e = match(rest, /-----END [A-Z0-9 ]*PRIVATE KEY-----/)
        if (!e && rest == "") break                       # the body is on the next lines
        out = out substr(s, 1, n) M; count("private-key")
        s = e ? substr(rest, e) : ""
    }
    return out s
}

# Enough characters of base64 in a row to be worth a look: RSTART, RLENGTH.
function long_run(s) {
    return match(s, /[A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/][A-Za-z0-9+\/]+=*/)
}

# Base64 whose plain text would have been masked is masked as a whole.
function mask_base64(s,   out, run, plain, pre, n) {
    out = ""
    while (long_run(s)) {
        run = substr(s, RSTART, RLENGTH); n = RLENGTH; pre = substr(s, 1, RSTART - 1)
        s = substr(s, RSTART + RLENGTH)
        plain = ""
        if (n >= 16 && run ~ /[A-Z]/ && run ~ /[a-z]/) plain = decode(run)
        if (plain != "" && hides_secret(plain)) { run = M; count("base64") }
        out = out pre run
    }
    return out s
}

function hides_secret(plain,   before, hit, p) {
    decoding = 1; before = touched
    for (p in masked) saved[p] = masked[p]
    mask_text(plain)
    hit = touched > before || plain ~ /PRIVATE KEY-----/
    for (p in masked) { if (p in saved) masked[p] = saved[p]; else delete masked[p]; delete saved[p] }
    touched = before; decoding = 0
    return hit
}

# The plain text of base64, or nothing if it is not printable ASCII. The start of a run may
# belong to a path or a name before it, so the other three alignments are tried as well.
function decode(run,   shift, plain) {
    for (shift = 0; shift < 4; shift++) {
        plain = decode_from(substr(run, 1 + shift))
        if (length(plain) > 9) return plain
    }
    return ""
}

function decode_from(run,   i, n, a, b, c, d, x, y, z, out) {
    out = ""; n = length(run)
    for (i = 1; i + 1 <= n; i += 4) {
        a = b64[substr(run, i, 1)]; b = b64[substr(run, i + 1, 1)]
        c = substr(run, i + 2, 1); d = substr(run, i + 3, 1)
        x = a * 4 + int(b / 16)
        if (!(x in chr)) return ""
        out = out chr[x]
        if (c == "=" || c == "") break
        y = (b % 16) * 16 + int(b64[c] / 4)
        if (!(y in chr)) return (i + 2 > n - 4) ? out : ""
        out = out chr[y]
        if (d == "=" || d == "") break
        z = (b64[c] % 4) * 64 + b64[d]
        if (!(z in chr)) return (i + 3 > n - 4) ? out : ""
        out = out chr[z]
    }
    return out
}

# One line per pattern in the file `counts`, which the shell adds up for the manifest.
function write_counts(   p) {
    if (counts == "") return
    for (p in masked) print p "\t" masked[p] >> counts
    close(counts)
}
