# What the guest's jobs are made of. An access concentrator or a client stands in a namespace of its own, with
# `eth0` on the bridge `wire`, whose other port is the network card (vec0) that leads to the lab.
export PATH=/usr/sbin:/usr/bin
USER_NAME=user@isp-a.example
PASSWORD=${PASSWORD:-open-sesame}

in_space() { ip netns exec "$@"; }

within() { # within SECONDS COMMAND…: asks until it succeeds
  local end=$(($(date +%s%N) / 1000000 + $1 * 1000))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $(($(date +%s%N) / 1000000)) -lt $end ] || { "$@"; return 1; }
    sleep 0.05
  done
}

wire() { # wire [MTU]: the bridge
  ip link set vec0 up &&
    ip link add wire type bridge stp_state 0 forward_delay 0 mcast_snooping 0 &&
    ip link set wire mtu "${1:-1500}" up && ip link set vec0 master wire
}

space() { # space NAME [MTU]: a namespace with eth0 on the wire, port NAME
  ip netns add "$1" && in_space "$1" ip link set lo up &&
    ip link add "$1" mtu "${2:-1500}" type veth peer name eth0 mtu "${2:-1500}" netns "$1" &&
    ip link set "$1" master wire up && in_space "$1" ip link set eth0 up &&
    in_space "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
}

secrets() {
  printf '"%s" * "%s" *\n' "$USER_NAME" "$PASSWORD" >/etc/ppp/pap-secrets
  cp /etc/ppp/pap-secrets /etc/ppp/chap-secrets
  chmod 600 /etc/ppp/*-secrets
}

ac_options() { # ac_options NAME AUTH [OPTION…]: what its pppd is told
  case $2 in
    pap) echo "require-pap" ;;
    chap-md5) echo "require-chap" ;;
    mschapv2) echo "require-mschap-v2" ;;
  esac
  printf '%s\n' "name $1" "lcp-echo-interval 5" "lcp-echo-failure 3" noipdefault nodefaultroute "ipv6 ::1,::2" +ipv6 \
    "ms-dns 10.64.0.1" nodetach debug "logfile /tmp/$1.log"
  shift 2
  printf '%s\n' "$@"
}

ac() { # ac NAME MODE AUTH MRU [pppoe-server's options]: an access concentrator in namespace NAME
  local name=$1 mode=$2 auth=$3 mru=$4
  shift 4
  [ -e "/tmp/$name.options" ] || ac_options "$name" "$auth" >"/tmp/$name.options"
  secrets
  touch "/tmp/$name.log"
  MODE=$mode MRU=$mru setsid ip netns exec "$name" pppoe-server -F -I eth0 -C "$name" -L 10.64.0.1 -R 10.64.0.10 -N 8 \
    -O "/tmp/$name.options" -q "${PPPD:-/share/pppd-in-kernel}" "$@" >"/tmp/$name.server.log" 2>&1 &
  echo $! >"/tmp/$name.pid"
  within 5 in_space "$name" grep -q ' 8863 ' /proc/net/packet
}

echo_server() { # echo_server NAME: whatever comes to port 7 goes back
  # cat has the socket itself: with a pipe between, both wait for the other as soon as it is full.
  setsid ip netns exec "$1" socat TCP-LISTEN:7,fork,reuseaddr EXEC:cat,nofork >/dev/null 2>&1 &
  within 5 sh -c "ip netns exec $1 ss -ltn | grep -q ':7 '"
}

pppds() { # pppds NAME: the pids of this namespace's pppd processes
  local pid
  for pid in $(ip netns pids "$1"); do
    [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = pppd ] && echo "$pid"
  done
}

ac_hang_up() { # the session is ended in order by the access concentrator
  kill -TERM $(pppds "$1")
}

ac_kill() { # as a power cut: nobody says anything any more
  local pid
  ip link set "$1" down
  for pid in $(ip netns pids "$1"); do kill -KILL "$pid" 2>/dev/null; done
  within 5 no_ppp "$1"
  ip link set "$1" up
}

no_ppp() { ! in_space "$1" ip -br link | grep -q '^ppp'; }

client() { # client NAME MODE MRU [pppd's options]: pppd in namespace NAME dials the wire
  local name=$1 mode=$2 mru=$3
  shift 3
  secrets
  set -- user "$USER_NAME" noauth nodetach noipdefault defaultroute +ipv6 mtu "$mru" mru "$mru" lcp-echo-interval 1 lcp-echo-failure 3 \
    persist maxfail 0 holdoff 1 usepeerdns debug logfile "/tmp/$name.log" "$@"
  touch "/tmp/$name.log"
  if [ "$mode" = kernel ]; then
    setsid ip netns exec "$name" pppd plugin rp-pppoe.so nic-eth0 "$@" >"/tmp/$name.out" 2>&1 &
  else
    setsid ip netns exec "$name" pppd pty "pppoe -I eth0 -T 80" default-asyncmap "$@" >"/tmp/$name.out" 2>&1 &
  fi
}

client_up() { # client_up NAME: both protocols have their addresses
  in_space "$1" ip -4 -o addr show dev ppp0 | grep -q peer && in_space "$1" ip -6 -o addr show dev ppp0 | grep -q fe80
}

state() { # everything that is known here, for a person
  local name
  for name in $(ip netns list | cut -d' ' -f1); do
    echo "== $name"
    in_space "$name" ip -d addr
    in_space "$name" ip route
    in_space "$name" ps axww -o pid,args | grep -E 'ppp' | grep -v grep
  done
  cat /proc/net/pppoe
  for name in /tmp/*.log /tmp/*.options /tmp/*.out; do
    [ -e "$name" ] && echo "== $name" && tail -n 300 "$name"
  done
  dmesg | tail -n 20
}

relay() { # relay NAME: pppoe-relay stands between the card and namespace NAME
  ip link set "$1" nomaster && ip link set vec0 nomaster &&
    ip link set "$1" promisc on && ip link set vec0 promisc on
  setsid pppoe-relay -F -C vec0 -S "$1" >/tmp/relay.log 2>&1 &
  within 5 grep -q ' 8863 ' /proc/net/packet
}

trouble() { # trouble NAME NETEM…: both directions between namespace NAME and the lab suffer
  local port=$1
  shift
  tc qdisc replace dev vec0 root netem "$@" && tc qdisc replace dev "$port" root netem "$@"
}

send_and_compare() { # send_and_compare NAME ADDRESS BYTES SECONDS [PORT]: to an echo server through namespace NAME
  head -c "$3" /dev/urandom >/tmp/sent
  timeout "$4" ip netns exec "$1" socat -t "$4" STDIO "TCP:$2:${5:-7}" </tmp/sent >/tmp/back
  busybox cmp /tmp/sent /tmp/back
}

late_discovery() { # late_discovery TIME: what the access concentrator says in discovery comes late; sessions do not suffer
  tc qdisc add dev vec0 root handle 1: prio bands 3 && tc qdisc add dev vec0 parent 1:3 handle 3: netem delay "$1" &&
    tc filter add dev vec0 parent 1: protocol 0x8863 u32 match u32 0 0 flowid 1:3
}

resume() { # resume NAME SESSION MAC ADDRESSES MRU: pppd alone in a session that its peer believes to be up
  setsid ip netns exec "$1" pppd plugin rp-pppoe.so nic-eth0 rp_pppoe_sess "$2:$3" file "/tmp/$1.options" "$4" mtu "$5" mru "$5" \
    >"/tmp/$1.resume.out" 2>&1 &
}

one_login() { # pppd's script after authentication: a second login of an account is ended
  cat >/etc/ppp/auth-up <<'END'
#!/bin/sh
# The first one keeps the account until its pppd is gone.
[ "$2" ] || exit 0
if [ -e /tmp/logged-in ] && kill -0 "$(cat /tmp/logged-in)" 2>/dev/null; then
  kill -TERM "$PPPD_PID"
else
  echo "$PPPD_PID" >/tmp/logged-in
fi
END
  chmod 755 /etc/ppp/auth-up
}

# A whole machine in the guest: michid in namespace `router`, one host in namespace `lan`.

inner_wire() {
  ip link add wire type bridge stp_state 0 forward_delay 0 mcast_snooping 0 && ip link set wire up
}

inner_lan() {
  ip netns add lan && ip -n lan link set lo up &&
    ip -n router link add lan0 type veth peer name eth0 netns lan && ip -n router link set lan0 up && ip -n lan link set eth0 up &&
    ip -n lan addr add 192.168.10.5/24 dev eth0 && ip -n lan route add default via 192.168.10.1
}

michi() { "${MICHI_DIR:-/share}/michi" --socket /run/michi/control.sock "$@"; }

michid_start() {
  mkdir -p /run/michi /var/lib/michi /etc/michi
  cp /share/michi.toml /share/secrets.toml /etc/michi/
  chmod 600 /etc/michi/secrets.toml
  setsid ip netns exec router "${MICHI_DIR:-/share}/michid" --config /etc/michi/michi.toml --secrets /etc/michi/secrets.toml --run-dir /run/michi \
    --state-dir /var/lib/michi --socket /run/michi/control.sock --dnsmasq "${DNSMASQ:-child}" >/tmp/michid.log 2>&1 &
  echo $! >/tmp/michid.pid
  within 30 michi status
}

michid_ended() { within 20 sh -c "! kill -0 $(cat /tmp/michid.pid) 2>/dev/null"; }

kernel_state() { # kernel_state NAME: what is there, in comparable words; the LAN's address may stay
  in_space "$1" ip rule
  in_space "$1" ip -6 rule
  in_space "$1" ip route show table all | grep -v -e 'table local' -e 'dev lan0' | sort
  in_space "$1" ip -o link | sed 's/^[0-9]*: \([^:@]*\).*/\1/' | sort
  in_space "$1" nft -s list ruleset
}

# IPv6 behind a session: a server that delegates prefixes on the newest session's device.

session_device() { in_space "$1" ip -br link | sed -n 's/^\(ppp[0-9]*\) .*/\1/p' | tail -n 1; }

delegate() { # delegate NAME kea|wide DUID
  local name=$1 server=$2 duid=$3 device
  device=$(session_device "$name")
  [ "$device" ] || return 1
  [ -e /tmp/dhcp6.pid ] && kill "$(cat /tmp/dhcp6.pid)" 2>/dev/null
  in_space "$name" ip -6 addr replace 2001:db8:ffff::1/128 dev lo
  # pppd sets "fe80::1 peer fe80::2": Kea takes the peer's for its own then.
  in_space "$name" ip -6 addr flush dev "$device" && in_space "$name" ip -6 addr add fe80::1/64 dev "$device" nodad &&
    in_space "$name" ip -6 route replace 2001:db8:100::/40 dev "$device" || return
  "delegate_with_$server" "$name" "$device" "$duid"
}

delegate_with_kea() {
  mkdir -p /run/kea /var/run/kea /var/lib/kea /run/lock/kea
  cat >/tmp/kea6.conf <<END
{ "Dhcp6": { "interfaces-config": { "interfaces": [ "$2" ] }, "lease-database": { "type": "memfile", "persist": false },
  "preferred-lifetime": 300, "valid-lifetime": 600, "renew-timer": 100, "rebind-timer": 200,
  "subnet6": [ { "subnet": "2001:db8::/32", "interface": "$2",
     "pd-pools": [ { "prefix": "2001:db8:100::", "prefix-len": 40, "delegated-len": 56 } ],
     "reservations": [ { "duid": "$3", "prefixes": [ "2001:db8:100::/56" ] } ],
     "option-data": [ { "name": "dns-servers", "data": "2001:db8:ffff::1" } ] } ],
  "loggers": [ { "name": "kea-dhcp6", "output_options": [ { "output": "stdout" } ], "severity": "INFO" } ] } }
END
  : >/tmp/dhcp6.log
  setsid ip netns exec "$1" kea-dhcp6 -c /tmp/kea6.conf >/tmp/dhcp6.log 2>&1 &
  echo $! >/tmp/dhcp6.pid
  within 20 grep -q DHCP6_STARTED /tmp/dhcp6.log
}

delegate_with_wide() {
  mkdir -p /var/lib/dhcpv6
  cat >/tmp/dhcp6s.conf <<END
option domain-name-servers 2001:db8:ffff::1;
host michi { duid $3; prefix 2001:db8:100::/56 300 600; };
END
  setsid ip netns exec "$1" dhcp6s -f -D -c /tmp/dhcp6s.conf -P /tmp/dhcp6s.pid "$2" >/tmp/dhcp6.log 2>&1 &
  echo $! >/tmp/dhcp6.pid
  within 10 in_space "$1" sh -c "ss -uln | grep -q ':547 '"
}
