# What the comparison of prefixes needs beyond compare.sh: a provider that delegates, and a LAN behind each of two clients.
KEA_PORT=1547 # the relay agent has DHCPv6's own
KEA_ADDRESS=2001:db8:ffff::547

house() { # house SPACE: its `lan0`, and what is heard at the other side
  ip link add "lan-$1" type veth peer name lan0 netns "$1" && ip link set "lan-$1" up && in_space "$1" ip link set lan0 up || return
  setsid tcpdump -i "lan-$1" -U -s 512 -w "/tmp/lan-$1.pcap" 'icmp6 and ip6[40] == 134' >"/tmp/lan-$1.log" 2>&1 &
  within 20 grep -q listening "/tmp/lan-$1.log"
}

administrator() { # pppd in `kclient` finds its scripts; the access concentrator's pppd does not
  local place=/etc/netns/kclient name
  secrets
  mkdir -p $place/ppp /var/lib/dhcpv6 /var/log && cp -a /etc/ppp/. $place/ppp/ || return
  for name in ipv6-up ipv6-down ipv6-prefix; do install -m 755 /share/ipv6-up "$place/ppp/$name" || return; done
}

pool() { # pool N: from which /40 prefixes come
  cat >/tmp/kea6.conf <<END_OF_CONF
{ "Dhcp6": { "interfaces-config": { "interfaces": [ "lo/$KEA_ADDRESS" ] }, "lease-database": { "type": "memfile", "persist": false },
  "preferred-lifetime": 300, "valid-lifetime": 600, "renew-timer": 100, "rebind-timer": 200,
  "subnet6": [ { "id": 1, "subnet": "2001:db8:ffff::/64",
     "pd-pools": [ { "prefix": "2001:db8:${1}00::", "prefix-len": 40, "delegated-len": 56 } ],
     "option-data": [ { "name": "dns-servers", "data": "2001:db8:ffff::1" } ] } ],
  "loggers": [ { "name": "kea-dhcp6", "output_options": [ { "output": "stdout" } ], "severity": "INFO" } ] } }
END_OF_CONF
}

provider() { # Kea, and a relay agent for all sessions
  mkdir -p /run/kea /var/run/kea /var/lib/kea /run/lock/kea
  in_space ac1 ip -6 addr add $KEA_ADDRESS/128 dev lo && pool 1 && cp /share/relay.py /share/sessions_relay.py /tmp/ || return
  setsid ip netns exec ac1 kea-dhcp6 -p $KEA_PORT -c /tmp/kea6.conf >/tmp/kea.log 2>&1 &
  echo $! >/tmp/kea.pid
  setsid ip netns exec ac1 python3 /tmp/sessions_relay.py $KEA_ADDRESS $KEA_PORT 2001:db8:ffff::1 >/tmp/relay6.log 2>&1 &
  quietly 60 grep -q DHCP6_STARTED /tmp/kea.log && quietly 60 grep -q ready /tmp/relay6.log
}

configured() { [ "$(grep -c DHCP6_CONFIG_COMPLETE /tmp/kea.log)" -gt "$1" ]; }

renumber() { # renumber N: prefixes come from another pool
  local before
  before=$(grep -c DHCP6_CONFIG_COMPLETE /tmp/kea.log)
  pool "$1" && kill -HUP "$(cat /tmp/kea.pid)" && quietly 60 configured "$before"
}

refuse() { # the access concentrator's PADOs are lost until `admit`
  nft add table netdev refuse && nft add chain netdev refuse in '{ type filter hook ingress device "ac1" priority 0; }' &&
    nft add rule netdev refuse in ether type 0x8863 @nh,8,8 0x07 drop
}

admit() { nft delete table netdev refuse; }

drop_line() { # the session is ended by a PADT and nothing before it
  kill -KILL $(pppds ac1)
}

grown() { [ "$(stat -c %s "/tmp/$1.pcap")" -gt "$2" ]; }

fetched() { # fetched NAME…: captures, so far
  local name
  for name in "$@"; do cp "/tmp/$name.pcap" "/share/$name.pcap" || return; done
}

newcomer() { # newcomer CLIENT: nobody remembers a prefix
  [ "$1" = michi ] || return 0
  rm -rf /var/lib/michi /run/michi && michid_start
}

leave() { # leave CLIENT: nothing of it runs any more
  if [ "$1" = michi ]; then
    kill -TERM "$(cat /tmp/michid.pid)" && michid_ended
  else
    kill -TERM $(pppds kclient) && quietly 60 nothing_in kclient
  fi
  quietly 60 no_sessions
}
