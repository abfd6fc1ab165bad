#!/usr/bin/env bash
# A real SLURM cluster on this one machine, for tests. Debian, as root; without systemd and cgroups, all on loopback.
#
#   cluster.sh up                  install what is missing, start, wait until all nodes are idle
#   cluster.sh down                stop all of it and take its configuration away; packages stay
#   cluster.sh purge               down, and remove the packages that `up` installed
#   cluster.sh crash NODE          end a node with all that runs on it at once, as a power cut does
#   cluster.sh boot NODE           start it again
#   cluster.sh restart-controller  kill slurmctld and start it again
#
# munge, MariaDB on a unix socket, slurmdbd, slurmctld, and a slurmd for each of four nodes: cpu1 cpu2 gpu1 gpu2, with 4
# cores, 32 GB and, the last two, 2 GPUs each. These are numbers that SLURM counts; nothing of it has to exist.
# Partitions: cpu; gpu; urgent, whose jobs take the GPU nodes from those of gpu. Account: lab.
set -euo pipefail
export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/sbin:$PATH

STATE=${TMPDIR:-/tmp}/invariscope-slurm # settings, state, logs and process ids
CONFIG=/etc/slurm                       # not $SLURM_CONF: the srun inside a job would not see it
MARK="# Written by Invariscope's tests/slurm/cluster.sh"
PACKAGES=(munge slurmctld slurmd slurm-client slurmdbd slurm-wlm-mysql-plugin mariadb-server)
CPU_NODES=(cpu1 cpu2) GPU_NODES=(gpu1 gpu2)
NODES=("${CPU_NODES[@]}" "${GPU_NODES[@]}")
GPUS=2
FIRST_PORT=17100
PATIENCE=60 # s that a daemon may take to start or to stop

say() { echo "cluster: $*"; }
fail() {
    say "$*" >&2
    tail -n 15 "$STATE"/log/*.log >&2 || true
    exit 1
}
wait_until() { # what it is called, then a command
    local what=$1 end=$((SECONDS + PATIENCE))
    until "${@:2}" &>/dev/null; do
        ((SECONDS < end)) || fail "$what: not within $PATIENCE s"
        sleep 0.1
    done
}

# --- processes: a daemon is known by its pid file ----------------------------------------------------------------------

pid_of() { cat "$STATE/run/$1.pid" 2>/dev/null; }
alive() { # name; a zombie that nobody has collected yet counts as dead
    local pid state
    pid=$(pid_of "$1") && state=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null) && [[ ${state:0:1} != Z ]]
}
dead() { ! alive "$1"; }
stop() { # name, signal
    if alive "$1"; then
        kill "-$2" "$(pid_of "$1")"
        wait_until "stopping $1" dead "$1"
    fi
    rm -f "$STATE/run/$1.pid"
}
start_node() {
    slurmd -N "$1"
    wait_until "slurmd of $1" alive "$1"
}
start_controller() {
    slurmctld
    wait_until slurmctld bash -c 'scontrol ping | grep -q "is UP"'
}
processes_of_node() { # SLURM tells every process of a job which node it is on; the step daemons above them it does not
    local folder pid
    for folder in /proc/[0-9]*; do
        if tr '\0' '\n' <"$folder/environ" | grep -qx "SLURMD_NODENAME=$1"; then
            pid=${folder#/proc/}
            echo "$pid"
            while pid=$(sed 's/.*) //' "/proc/$pid/stat" | cut -d' ' -f2) && ((pid > 1)); do
                [[ $(readlink "/proc/$pid/exe") == */slurmstepd* ]] && echo "$pid"
            done
        fi
    done 2>/dev/null | sort -nu # the step daemons first: they are to report nothing
}

# --- settings ----------------------------------------------------------------------------------------------------------

write_settings() {
    local host node port=$FIRST_PORT lines="" number
    host=$(hostname -s)
    : >"$CONFIG/gres.conf"
    for node in "${NODES[@]}"; do
        port=$((port + 1))
        mkdir -p "$STATE/spool.$node"
        lines+="NodeName=$node NodeHostname=$host NodeAddr=127.0.0.1 Port=$port"
        if [[ $node == gpu* ]]; then
            lines+=" Gres=gpu:$GPUS"
            # Character devices, or SLURM would not tell jobs which GPU is theirs: null devices by another name.
            for number in $(seq 0 $((GPUS - 1))); do mknod -m 666 "$STATE/dev/$node-$number" c 1 3; done
            echo "NodeName=$node Name=gpu File=$STATE/dev/$node-[0-$((GPUS - 1))]" >>"$CONFIG/gres.conf"
        fi
        lines+=$'\n'
    done
    echo CgroupAutomount=no >"$CONFIG/cgroup.conf"
    # cred_expire: as long a requeued job waits, 120 s if nothing is said. SlurmdTimeout: so soon a silent node is down.
    cat >"$CONFIG/slurm.conf" <<END
$MARK
ClusterName=lab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=17002
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=cred_expire=10
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=$STATE/controller
SlurmdSpoolDir=$STATE/spool.%n
SlurmctldPidFile=$STATE/run/slurmctld.pid
SlurmdPidFile=$STATE/run/%n.pid
SlurmctldLogFile=$STATE/log/slurmctld.log
SlurmdLogFile=$STATE/log/%n.log
SlurmdParameters=config_overrides
SlurmdTimeout=10
ReturnToService=2
KillWait=5
Waittime=0
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobRequeue=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=2,sched_min_interval=100000,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePort=17006
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
AccountingStorageEnforce=associations,limits,qos
NodeName=DEFAULT CPUs=4 Boards=1 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 RealMemory=32000 State=UNKNOWN
$lines
PartitionName=DEFAULT State=UP MaxTime=1-00:00:00 PriorityTier=10 PreemptMode=OFF
PartitionName=cpu Nodes=$(IFS=,; echo "${CPU_NODES[*]}") Default=YES
PartitionName=gpu Nodes=$(IFS=,; echo "${GPU_NODES[*]}") PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=$(IFS=,; echo "${GPU_NODES[*]}")
END
    (
        umask 077
        cat >"$CONFIG/slurmdbd.conf" <<END
AuthType=auth/munge
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort=17006
CommunicationParameters=NoInAddrAny
SlurmUser=root
PidFile=$STATE/run/slurmdbd.pid
LogFile=$STATE/log/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=slurm
StoragePass=lab
StorageLoc=slurm_acct_db
END
    )
}

# --- what `up` does ----------------------------------------------------------------------------------------------------

install_packages() {
    local package missing=()
    for package in "${PACKAGES[@]}"; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    say "installing ${missing[*]}"
    if [[ ! -e /usr/sbin/policy-rc.d ]]; then # nothing is to start by itself
        printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
        chmod 755 /usr/sbin/policy-rc.d
        trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    fi
    { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } &>"$STATE/log/apt.log" ||
        fail "apt-get could not install them"
    printf '%s\n' "${missing[@]}" >>"$STATE/installed"
}

start_munge() {
    install -d -o munge -g munge -m 755 /run/munge
    install -d -o munge -g munge -m 700 /var/log/munge /var/lib/munge
    if [[ ! -s /etc/munge/munge.key ]]; then
        install -o munge -g munge -m 400 <(head -c 1024 /dev/urandom) /etc/munge/munge.key
    fi
    munge -n </dev/null 2>/dev/null | unmunge &>/dev/null && return # it runs already
    runuser -u munge -- munged --force --pid-file=/run/munge/munged.pid
    ln -sf /run/munge/munged.pid "$STATE/run/munged.pid"
    wait_until munged bash -c 'munge -n </dev/null | unmunge'
}

start_accounting() {
    local database=$STATE/mysql socket=$STATE/mysql-run/socket
    install -d -o mysql -g mysql "$database" "$STATE/mysql-run"
    mariadb-install-db --no-defaults --user=mysql --datadir="$database" --skip-test-db \
        --auth-root-authentication-method=socket &>"$STATE/log/mariadb.log" || fail mariadb-install-db
    setsid mariadbd --no-defaults --user=mysql --datadir="$database" --socket="$socket" --skip-networking \
        --skip-log-bin --pid-file="$STATE/mysql-run/mariadbd.pid" --innodb-buffer-pool-size=64M \
        --innodb-log-file-size=32M --innodb-lock-wait-timeout=900 --innodb-flush-log-at-trx-commit=0 \
        &>"$STATE/log/mariadb.log" </dev/null &
    ln -sf "$STATE/mysql-run/mariadbd.pid" "$STATE/run/mariadbd.pid"
    wait_until mariadbd mariadb-admin --no-defaults -S "$socket" ping
    mariadb --no-defaults -S "$socket" -e "CREATE DATABASE slurm_acct_db;
        CREATE USER slurm@localhost IDENTIFIED BY 'lab'; GRANT ALL ON slurm_acct_db.* TO slurm@localhost"
    MYSQL_UNIX_PORT=$socket slurmdbd
    wait_until slurmdbd sacctmgr -n show cluster
    sacctmgr -i add cluster lab >/dev/null
    sacctmgr -i add account lab Description=lab Organization=lab >/dev/null
    sacctmgr -i add user root account=lab defaultaccount=lab >/dev/null
}

all_idle() { [[ $(sinfo -h -N -o '%N %t' | sort -u | grep -c ' idle$') == "${#NODES[@]}" ]]; }

up() {
    if [[ -e $CONFIG/slurm.conf ]]; then
        [[ $(head -n 1 "$CONFIG/slurm.conf") == "$MARK" ]] || fail "this machine has a SLURM of its own: left alone"
        down
    fi
    mkdir -p "$STATE"/{run,log,dev,controller} "$CONFIG"
    chmod -R go+rX "$STATE"
    install_packages
    # Daemons listen where the host's name leads to: that is to be the loopback.
    if ! getent ahostsv4 "$(hostname -s)" | head -n 1 | grep -q '^127\.'; then
        cp /etc/hosts "$STATE/hosts"
        { echo "127.0.0.1 $(hostname -s)" && cat "$STATE/hosts"; } >/etc/hosts
    fi
    write_settings
    start_munge
    start_accounting
    start_controller
    for node in "${NODES[@]}"; do start_node "$node"; done
    wait_until "idle nodes" all_idle
    say "up after $SECONDS s"
    sinfo -o '%P %D %t %N %G'
}

# --- what the others do ------------------------------------------------------------------------------------------------

no_jobs() { [[ -z $(squeue -h) ]]; }

down() {
    local name
    if alive slurmctld; then
        squeue -h -o %A | xargs -r scancel --quiet || true
        wait_until "end of all jobs" no_jobs
    fi
    for name in "${NODES[@]}" slurmctld slurmdbd mariadbd munged; do stop "$name" TERM; done
    [[ -e $STATE/hosts ]] && cat "$STATE/hosts" >/etc/hosts
    # Without its settings SLURM's commands fail at once; with them each would wait for the controller.
    rm -f "$CONFIG"/{slurm,gres,cgroup,slurmdbd}.conf
    [[ -d $STATE ]] && find "$STATE" -mindepth 1 -maxdepth 1 ! -name installed -exec rm -rf {} +
    say down
}

purge() {
    if [[ -s $STATE/installed ]]; then
        xargs apt-get purge -y --autoremove <"$STATE/installed" >/dev/null
    fi
    rm -rf "$STATE"
    say "packages removed"
}

crash() {
    stop "$1" KILL
    processes_of_node "$1" | xargs -r kill -KILL || true # some may have ended by themselves
    say "$1 crashed"
}

[[ $(id -u) == 0 ]] || fail "SLURM's daemons want root"
case ${1:-} in
up) up ;;
down) down ;;
purge)
    down
    purge
    ;;
crash) crash "$2" ;;
boot) start_node "$2" ;;
restart-controller)
    stop slurmctld KILL
    start_controller
    ;;
*) sed -n '2,/^set/s/^# \?//p' "$0" && exit 2 ;;
esac
