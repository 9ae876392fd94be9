# items-host.sh: the machine and its kernel.
# shellcheck shell=sh disable=SC2154  # R, PROC come from collect-node.sh

pressure() {
    for prs in cpu memory io; do
        [ -r "$PROC/pressure/$prs" ] && sed "s/^/$prs /" "$PROC/pressure/$prs"
    done
}

clock() { # which time source, and how far off
    date -u +'now %Y-%m-%dT%H:%M:%SZ'
    if command -v chronyc >/dev/null 2>&1; then chronyc -n tracking
    elif command -v timedatectl >/dev/null 2>&1; then timedatectl timesync-status
    else return 1; fi
}

mounts() { if [ -r "$PROC/1/mounts" ]; then cat "$PROC/1/mounts"; else cat "$PROC/mounts"; fi; }

# Local file systems only: a dead NFS server must not cost the others. busybox has no -l.
disk_space() { df -P -k -l 2>/dev/null || df -P -k; }
disk_inodes() { df -P -i -l 2>/dev/null || df -P -i; }

processes() { ps -eo user,pid,ppid,pcpu,pmem,rss,stat,etime,args 2>/dev/null || ps; }

# Kernel settings without the two kinds that are keys.
settings() { sysctl -a 2>/dev/null | sed 's/^\([^ ]*\(fastopen_key\|stable_secret\)[^ ]*\) *=.*/\1 = <masked>/'; }

# In a chroot systemctl may refuse: "ignoring", with exit 0. Then nothing is known.
failed_units() {
    flu_out=$(SYSTEMD_IGNORE_CHROOT=1 systemctl list-units --failed --plain --no-pager --no-legend 2>&1) ||
        { printf '%s\n' "$flu_out" >&2; return 1; }
    case $flu_out in *gnoring*) printf '%s\n' "$flu_out" >&2; return 1 ;; esac
    if [ -n "$flu_out" ]; then printf '%s\n' "$flu_out"; else echo '0 loaded units listed.'; fi
}

reboot_required() {
    if [ -e "$R/var/run/reboot-required" ]; then echo yes; cat "$R/var/run/reboot-required.pkgs" 2>/dev/null; else echo no; fi
    return 0
}

# Limits in force, from the running processes.
limits() {
    for lmt_p in "$PROC"/[0-9]*; do
        { read -r lmt_name <"$lmt_p/comm"; } 2>/dev/null || continue
        case $lmt_name in kubelet|containerd) ;; *) continue ;; esac
        awk -v name="$lmt_name" '
            /^Max open files/ { f = $5 } /^Max processes/ { p = $4 } /^Max core file size/ { c = $6 }
            END { print name " LimitNOFILE=" f " LimitNPROC=" p " LimitCORE=" c }' "$lmt_p/limits"
    done
}

cgroup() {
    stat -f -c %T "$R/sys/fs/cgroup"
    [ ! -r "$R/sys/fs/cgroup/cgroup.controllers" ] || sed 's/^/controllers: /' "$R/sys/fs/cgroup/cgroup.controllers"
    [ ! -r "$R/sys/fs/cgroup/cgroup.stat" ] || cat "$R/sys/fs/cgroup/cgroup.stat"
}

kernel_log() { dmesg --time-format iso 2>/dev/null || dmesg -T 2>/dev/null || dmesg; }

packages() {
    if command -v dpkg-query >/dev/null 2>&1; then
        # shellcheck disable=SC2016  # dpkg-query's own variables
        dpkg-query -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' | sed 's/ ii *$//'
    else rpm -qa --qf '%{NAME} %{VERSION}-%{RELEASE}\n'; fi
}

# What failed since then, by the journal of pid 1: history that the list of failed units lacks.
unit_failures() { journal _PID=1 | grep -E 'Failed|failed|oom|OOM|dumped'; return 0; }

host_state() {
    take_file host/os-release 5 16384 host/os-release "$R/etc/os-release"
    take host/uname 5 4096 host/uname uname -a
    take host/uptime 5 4096 host/uptime uptime
    take_file host/loadavg 5 4096 host/loadavg "$PROC/loadavg"
    take_file host/meminfo 5 16384 host/meminfo "$PROC/meminfo"
    take_file host/cpuinfo 5 262144 host/cpuinfo "$PROC/cpuinfo"
    take host/pressure 5 8192 host/pressure pressure
    take host/clock 10 8192 host/clock clock
    take host/mounts 10 1048576 host/mounts mounts
    needs df; take host/df 10 262144 host/df disk_space
    needs df; take host/df-inodes 10 262144 host/df-inodes disk_inodes
    needs sysctl; take host/sysctl 15 1048576 host/sysctl settings
    take_file host/modules 5 262144 host/modules "$PROC/modules"
    take host/cgroup 5 16384 host/cgroup cgroup
    take host/limits 10 16384 host/limits limits
    take host/reboot-required 5 16384 host/reboot-required reboot_required
    needs ps; take host/ps 15 2097152 host/ps processes
    needs dmesg; take host/dmesg 15 2097152 host/dmesg kernel_log
    needs systemctl; take host/failed-units 10 65536 host/failed-units failed_units
}

host_packages() {
    take host/packages 30 1048576 host/packages packages
    needs journalctl; take host/unit-failures.log 45 524288 host/unit-failures.log unit_failures
}
