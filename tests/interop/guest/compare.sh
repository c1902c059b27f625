# What the comparison's jobs are made of: one access concentrator, and three clients on its wire, each in a namespace of its
# own: `router` has michid, `kclient` pppd with rp-pppoe.so, `uclient` pppd with `pppoe`.
PPPD=/tmp/pppd-in-kernel
MICHI_DIR=/tmp
DNSMASQ=off

quietly() { # quietly SECONDS COMMAND…: as `within`; asks seldom, because the one processor also works for those that are timed
  local end=$(($(date +%s) + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt $end ] || { "$@"; return 1; }
    sleep 0.5
  done
}

field() { # field MODE [pppoe-server's options]: the wire, the access concentrator, the clients' places, and the capture
  local name mode=$1
  shift
  # From memory: reading from the host would take the host's time.
  cp /share/pppd-in-kernel /share/michid /share/michi /tmp/ && inner_wire || return
  for name in ac1 router kclient uclient; do space $name || return; done
  ac ac1 "$mode" chap-md5 1492 "$@" || return
  setsid tcpdump -i ac1 -U -s "${SNAP:-96}" -w /tmp/wire.pcap ether proto 0x8863 or ether proto 0x8864 >/tmp/tcpdump.log 2>&1 &
  within 20 grep -q listening /tmp/tcpdump.log
}

captured() { cp /tmp/wire.pcap /share/wire.pcap; } # so far

hardware_address() { in_space "$1" cat /sys/class/net/eth0/address; }

dial() { # dial CLIENT [pppd's options]
  local who=$1
  shift
  rm -f "/tmp/$(space_of "$who").log" # what it said before is not what it says now
  case $who in
    michi) michi up isp ;;
    pppd) client kclient kernel 1492 "$@" ;;
    pppd-user) client uclient user 1492 "$@" ;;
  esac
}

space_of() {
  case $1 in michi) echo router ;; pppd) echo kclient ;; pppd-user) echo uclient ;; esac
}

is_up() { # is_up CLIENT: IPv4 and IPv6
  if [ "$1" = michi ]; then
    in_space router ip -4 -o addr show dev isp | grep -q inet && in_space router ip -6 -o addr show dev isp | grep -q fe80
  else
    client_up "$(space_of "$1")"
  fi
}

gone() { ! [ -d "/proc/$1" ]; }

nothing_in() { [ -z "$(ip netns pids "$1")" ]; }

hang_up() { # hang_up CLIENT: in order; both sides are as before
  if [ "$1" = michi ]; then
    michi down isp
  else
    kill -TERM $(pppds "$(space_of "$1")")
    quietly 30 nothing_in "$(space_of "$1")" || return
  fi
  quietly 60 no_sessions
}

no_sessions() { [ -z "$(pppds ac1)" ] && no_ppp ac1; }

once() { # once CLIENT SECONDS: up and down again
  dial "$1" && quietly "$2" is_up "$1" && hang_up "$1"
}

lose_first() { # lose_first SPACE: the first LCP frame that comes from there, and no other
  nft delete table netdev lose 2>/dev/null
  nft -f - <<END_OF_RULES
table netdev lose {
  chain in {
    type filter hook ingress device "$1" priority 0;
    ether type 0x8864 @nh,48,16 0xc021 numgen inc mod 1000000000 == 0 counter drop
  }
}
END_OF_RULES
}

lost_one() { nft list table netdev lose | grep -q 'counter packets 1 '; }

silence() { # nothing comes from the access concentrator any more
  nft add table netdev cut && nft add chain netdev cut in '{ type filter hook ingress device "ac1" priority 0; policy drop; }'
}

noticed() { # noticed CLIENT: it knows that its peer is gone
  case $1 in
    michi) ! michi status --json | grep -q '"state": *"up"' ;;
    *) grep -q 'No response to' "/tmp/$(space_of "$1").log" ;;
  esac
}

killed() { # killed CLIENT: all of it at once; started again; says after how many milliseconds the old session is gone at the other side
  local who=$1 old begun watcher
  old=$(pppds ac1)
  [ "$(echo "$old" | wc -w)" = 1 ] || return 1
  begun=$(date +%s%N)
  kill -KILL $(ip netns pids "$(space_of "$who")")
  (
    within 120 gone "$old" && echo $((($(date +%s%N) - begun) / 1000000)) >/tmp/gone
  ) &
  watcher=$!
  if [ "$who" = michi ]; then michid_start; else within 5 nothing_in "$(space_of "$who")" && dial "$who"; fi
  wait $watcher && quietly 60 is_up "$who" && cat /tmp/gone
}

many() { # many CLIENT COUNT: so many sessions of it
  local place how n
  [ "$1" = michi ] && { michid_start; return; }
  place=$(space_of "$1")
  how=(plugin rp-pppoe.so nic-eth0)
  [ "$1" = pppd-user ] && how=(pty "pppoe -I eth0 -T 80" default-asyncmap)
  secrets
  for n in $(seq "$2"); do
    setsid ip netns exec "$place" pppd "${how[@]}" user "$USER_NAME" noauth nodetach noipdefault nodefaultroute +ipv6 mtu 1492 mru 1492 \
      lcp-echo-interval 10 lcp-echo-failure 3 persist maxfail 0 holdoff 1 >/dev/null 2>&1 &
    sleep 0.2
  done
}

all_up() { # all_up CLIENT COUNT
  [ "$(in_space "$(space_of "$1")" ip -4 -o addr show | grep -c ' inet 10\.64\.')" = "$2" ]
}

weight() { # weight SPACE: PSS in KiB and processor time in microseconds of everything that runs there
  local pid
  for pid in $(ip netns pids "$1"); do
    awk '/^Pss:/ { print "pss", $2 }' "/proc/$pid/smaps_rollup"
    cat /proc/"$pid"/task/*/schedstat | awk '{ print "ns", $1 }'
  done | awk '{ sum[$1] += $2 } END { printf "%d %d\n", sum["pss"], sum["ns"] / 1000 }'
}
