#include "observe/catalogue.hpp"

#include <algorithm>
#include <array>

namespace michi::observe {

namespace {

using enum model::Severity;

constexpr std::array kCatalogue = {
    Message{"configuration.note", Warning,
            "A finding about a configuration that was accepted: a warning, or as `info` a note. `michi check` shows "
            "it again with its position."},
    Message{"dhcp4.edge", Debug, "The DHCP client of an uplink changed its state."},
    Message{"dhcp4.failed", Warning,
            "No address by DHCP: no server answers, nothing usable is offered, the request is refused, or another "
            "host uses the address. The text says which. michi keeps asking; the same trouble is reported once."},
    Message{"dhcp4.leased", Notice,
            "A DHCP server gave an address. The text has the server and how long the address may be used."},
    Message{"dhcp4.lost", Warning,
            "An address from DHCP must not be used any more: it was not extended in time, was revoked, or belongs to "
            "another network. michi asks for another one."},
    Message{"dhcp4.note", Info, "Something in a DHCP reply was invalid and was ignored or repaired."},
    Message{"dhcp4.renewed", Debug, "A DHCP server extended the address, or confirmed it after the carrier came back."},
    Message{"dhcp4.servers", Warning,
            "More than one DHCP server answers on the line of an uplink. The text names them. Often a home router is "
            "plugged in the wrong way round, or two routers of one LAN both serve DHCP: only one may."},
    Message{"dhcp6.no-answer", Warning,
            "No DHCPv6 server answers on an uplink, or a server that offered something does not reply. michi keeps "
            "asking; IPv4 and everything that needs no prefix work without it. The provider may delegate none (`dhcp6 "
            "= { prefix = false }` asks for none), or the replies do not reach michi: another program's firewall must "
            "accept UDP port 546 from fe80::/10."},
    Message{"dhcp6.refused", Warning,
            "A DHCPv6 server has nothing for this uplink, or offers something unusable; the text quotes the server. A "
            "provider may identify its customers by `duid`, or refuse a `hint`."},
    Message{"dhcp6.unusable", Warning,
            "The sockets for DHCPv6 on an uplink's device could not be opened; the text has the reason. Another "
            "DHCPv6 client may use that device. michi tries again every five seconds."},
    Message{"hook.failed", Warning,
            "An executable of the hooks directory failed, could not be started, or exceeded its time limit. The text "
            "has its exit status and the end of its output. The uplink is not affected."},
    Message{"host.foreign-chain", Warning,
            "Another program's nftables base chain on forward, input or output drops by policy or by a rule, and "
            "would drop traffic of michi's uplinks. The text names family, table and chain. Allow the uplinks' "
            "devices there, or remove that table."},
    Message{"host.mark-overlap", Warning,
            "Another program uses bits of the packet mark that michi uses. Flows may take the wrong uplink. Change "
            "one of the two: michi's bits are `mark-mask` in the configuration."},
    Message{"host.rp-filter", Warning,
            "`net.ipv4.conf.all.rp_filter` is 1 (strict). It overrides the setting of each device and drops replies "
            "that arrive on another uplink than the default one. Set it to 0 or 2; michi does not change it by "
            "itself."},
    Message{"host.rule-before", Warning,
            "A routing rule of another program comes before michi's (priority below 20000) and may divert flows from "
            "it. The text shows the rule."},
    Message{"interface.unusable", Warning,
            "The Ethernet interface of an uplink, or one that `pass-through` names, could not be opened for control "
            "frames. The text has the reason. The uplink waits and tries again."},
    Message{"kernel.damage", Warning,
            "Another program changed or removed objects of michi in the kernel again and again. michi repaired them "
            "five times within ten seconds; further repairs of that kind of object pause until the ten seconds are "
            "over. `writer` is the program, if the kernel reports it. Stop it, or exclude michi's objects in its "
            "settings: the packages ship drop-ins for systemd-networkd and NetworkManager."},
    Message{"kernel.failed", Error,
            "The kernel refused an address, route, rule, link setting, sysctl or the firewall table. The text has the "
            "object and the kernel's reason. michi tries again after 100 ms, and then in growing pauses up to 30 s. A "
            "cause that affects many objects is reported once."},
    Message{"kernel.left", Warning,
            "Another program changed or removed an object of michi in the kernel, and `repair = false` in `[router]` "
            "forbids the repair. Reported once for each object. `michi plan` shows what differs. michi restores the "
            "object when it has to change it for a reason of its own, or with `repair = true` and `michi reload`."},
    Message{"kernel.recovered", Notice,
            "The trouble that `kernel.failed` reported is over: the objects are in place, or are not wanted any more."},
    Message{"kernel.repaired", Info,
            "Another program changed or removed an object of michi, and michi restored it at once. A device or link "
            "that disappears takes its addresses and routes with it; that is reported as one event."},
    Message{"lan.foreign-router", Warning,
            "Another router advertises itself on a LAN. Hosts may send through it, or take their addresses and "
            "settings from it; the text says where it contradicts michi. Find out whether it is meant to be there: a "
            "second router, a printer or a computer that shares its connection. Reported once for each router, and "
            "again when its advertisements change."},
    Message{"lan.no-interface", Warning,
            "The configuration has a LAN on an interface that does not exist. michi sets the LAN's address and starts "
            "its services as soon as the interface appears."},
    Message{"lan.no-subnet", Warning,
            "A delegated prefix is too small for this LAN's number, or its only /64 belongs to another LAN. Hosts "
            "there get no address of that uplink; flows with addresses of another uplink are translated. Give the LAN "
            "a lower `subnet`, or ask the provider for a larger prefix."},
    Message{"lan.not-advertised", Warning,
            "Router advertisements cannot be sent to a LAN. The text has the kernel's reason. Hosts there get no IPv6 "
            "address and do not learn that an uplink is lost; michi keeps trying."},
    Message{"lan.overlaps-closed", Warning,
            "A closed network's prefix overlaps a LAN. Hosts of that LAN are reached directly; the overlapped part of "
            "the closed network is not."},
    Message{"lan.prefix-advertised", Notice,
            "This prefix is advertised to the hosts of a LAN as preferred: its uplink carries traffic, and the router "
            "has its own address in it."},
    Message{"lan.prefix-deprecated", Notice,
            "This prefix is advertised to the hosts of a LAN as deprecated, because its uplink is not usable or has "
            "another prefix now. Hosts start no new flows from it; existing flows may continue."},
    Message{"pass-through.closed", Notice,
            "A PPPoE session of a LAN client is over. The text names both ends and the cause: the client, the access "
            "concentrator, ten minutes without a frame, a new session of the same client that replaced it, or the "
            "configuration."},
    Message{"pass-through.crowded", Warning,
            "Too many clients (64) on the LANs of a line have asked for PPPoE in the last minutes, and another one is "
            "ignored. Look for a device that keeps changing its address. Reported at most once a minute for each "
            "line."},
    Message{"pass-through.full", Warning,
            "A LAN client may not dial, because all sessions of the line's contract are in use: michi's own uplinks "
            "keep theirs, also while they are down, and the clients share the rest. The text has the numbers. End a "
            "session, or set a larger `sessions` if the contract allows it. Reported at most once a minute for each "
            "line."},
    Message{"pass-through.opened", Notice,
            "A LAN client has dialled over one of michi's lines. michi carries its frames from now on; the text names "
            "both ends and the session."},
    Message{"pass-through.same-wire", Warning,
            "The discovery frames of a LAN client are on the line without michi as well: LAN and line are the same "
            "wire. michi does not forward them, so that no frame appears twice. Separate the two, or remove that LAN "
            "from `pass-through`."},
    Message{"pass-through.unsupported", Error,
            "The kernel refuses the table `netdev michi`, which carries the session frames of LAN clients. The text "
            "has its reason. The table needs the modules nf_tables and nft_fwd_netdev (CONFIG_NF_TABLES_NETDEV, "
            "CONFIG_NFT_FWD_NETDEV). Until the kernel accepts it, the clients' discovery is not forwarded. Everything "
            "else works."},
    Message{"ppp.edge", Debug,
            "A PPP layer of an uplink changed its state. Shown with `michi trace` and at level debug."},
    Message{"prefix.changed", Warning,
            "The provider delegates another IPv6 prefix than before. Hosts get addresses of the new one at once; the "
            "old one is advertised as deprecated for as long as hosts would use it."},
    Message{"prefix.delegated", Notice, "An IPv6 prefix was delegated to an uplink, or confirmed after a reconnect."},
    Message{"prefix.lost", Warning,
            "An uplink has lost an IPv6 prefix: the server revoked it, nobody extended it in time, or it was released "
            "by command. michi asks for it again by itself."},
    Message{"prefix.on-link", Notice,
            "No prefix is delegated on this uplink: michi uses the /64 that the router on the line advertises."},
    Message{"prefix.renewed", Debug, "The lifetime of a delegated IPv6 prefix was extended."},
    Message{"probe.dead", Error,
            "An uplink is up, and the echoes of its probe are not answered any more, in the family the text names. "
            "The detail says where the path ends: the next hop is silent, or it answers and nothing beyond it does. "
            "New flows take another uplink, those on this one are moved, and its IPv6 prefix is deprecated on the "
            "LANs, as for an uplink that is lost; the session and its addresses stay. If no other uplink is left, "
            "this one is used all the same."},
    Message{"probe.good", Notice,
            "The echoes of an uplink's probe are answered; after `probe.dead`, in as many intervals in a row as "
            "`recovery` says. Flows return as `return-after` says."},
    Message{"probe.unknown", Info,
            "An uplink that was judged dead is no longer probed, or is probed anew: it went down, its next hop "
            "changed, or the configuration changed. It counts as good until the probe judges it again."},
    Message{"probe.unusable", Warning,
            "The socket for an uplink's probe could not be opened; the text has the reason. The uplink counts as "
            "good meanwhile. It is tried again every five seconds."},
    Message{"proxy.shared", Notice,
            "Nothing is delegated on this uplink, and hosts of a LAN have addresses of the line's own /64: michi "
            "answers neighbour solicitations for them on the line, once they have shown themselves on the LAN. "
            "`neighbour-proxy = false` turns this off."},
    Message{"proxy.unusable", Warning,
            "The socket for neighbour discovery on a device could not be opened, so michi does not answer for hosts "
            "of the LAN on the line. It tries again every five seconds."},
    Message{"publish.closed", Warning,
            "An uplink with a published service carries IPv6, and yet the service is not open over IPv6 there: the "
            "host can have no address (no delegated prefix, no /64 for its LAN, an address of another prefix), or "
            "`allow` has no IPv6 prefix. The text says which. Name the host by the last half of its address, or "
            "remove the uplink from that `[[publish]]` entry."},
    Message{
        "publish.foreign-port", Warning,
        "An uplink that the file publishes a service on shares its IPv4 address with others, and the port, or a part "
        "of the ports, is theirs: it is not open there. The text says which ports are near. Publish one of those, "
        "or take the uplink out of that entry."},
    Message{"reload.applied", Notice,
            "A configuration was applied: by `michi reload`, on SIGHUP, or because a routes file changed. The events "
            "that follow say what it changed on which uplink."},
    Message{"reload.confirmed", Notice, "A configuration that was loaded with `--confirm` was confirmed and stays."},
    Message{"reload.refused", Error,
            "A configuration was read again without a command (SIGHUP, or a file that changed) and has errors. "
            "Nothing was changed; the text has the findings, and `michi check` shows them again."},
    Message{"reload.rolled-back", Warning,
            "A configuration that was loaded with `--confirm` was not confirmed in time. michi applied the previous "
            "one again."},
    Message{"resolver.failed", Error,
            "The DNS and DHCP service of the LANs (dnsmasq) ended or could not be started. The text has the reason; a "
            "conflict on port 53 or 67 names the port. It is started again in growing pauses."},
    Message{"resolver.killed", Warning,
            "dnsmasq was told to stop, because its configuration changed or michid ends, and did not stop within two "
            "seconds. It was killed; leases it had not written yet are lost. If it is still needed it is started "
            "again."},
    Message{"resolver.write-failed", Error,
            "The resolver's configuration or servers file could not be written. Until it can, names may be asked of a "
            "lost uplink's servers. Check the space and the permissions of `/run/michi`."},
    Message{"store.unreadable", Warning,
            "A record of an earlier run could not be read and is not used: a session that it described may stay at "
            "the provider until it times out there."},
    Message{"store.write-failed", Warning,
            "A record could not be written. michi continues without it; after a crash it may have to wait for an old "
            "session to time out. Check the space and the permissions of `/run/michi` and `/var/lib/michi`."},
    Message{"uplink.attempt-failed", Notice,
            "An attempt to bring an uplink up failed. `reason` is the stable code, the text has the detail; `michi "
            "status NAME` shows the remedy and when the next attempt begins."},
    Message{"uplink.authenticated", Info, "The provider accepted user and password; the text quotes its message."},
    Message{"uplink.closed-network", Warning,
            "All IPv6 addresses of an uplink belong to a carrier's closed network, which does not reach the internet: "
            "an IPoE contract with a provider is missing. Policies do not choose the uplink for IPv6; its closed "
            "prefixes work. If this is wrong, set `closed = false`."},
    Message{"uplink.device-taken", Warning,
            "A device with the name of an uplink exists and is not michi's. The uplink cannot come up: rename one of "
            "the two."},
    Message{"uplink.down", Notice,
            "An uplink was taken down, by command, by the configuration, or because michi ends."},
    Message{"uplink.duplicate-address", Warning,
            "Two uplinks were given the same address. The later one in the configuration waits until the other "
            "releases it."},
    Message{"uplink.failed", Error,
            "An uplink needs a person: for instance, the password is wrong. michi tries again rarely or not at all. "
            "`michi status NAME` has the remedy."},
    Message{"uplink.lost", Error,
            "An uplink that was up is not up any more. `reason` says why: the peer ended it, the line went silent, "
            "the interface lost its carrier. michi brings it up again by itself."},
    Message{"uplink.mtu-limited", Warning,
            "The Ethernet interface or the access concentrator does not carry the wanted MTU; a smaller one is used "
            "(RFC 4638). Check the MTU of the Ethernet interface and of the modem."},
    Message{"uplink.orphan", Info,
            "A session that an earlier run left at the access concentrator was ended (PADT) before dialling again."},
    Message{"uplink.phase", Info, "An uplink entered another phase, for instance waiting, discovery or negotiation."},
    Message{"uplink.prefix-refused", Warning,
            "An uplink was given a prefix that another uplink holds, or that hosts cannot use. It is not used; the "
            "uplink carries IPv6 only with its other addresses."},
    Message{"uplink.up", Notice,
            "An uplink is up. `on` has the network protocols that opened. If IPv4 and IPv6 are both wanted, the event "
            "is sent when the second opens or the peer refuses it, 350 ms after the first at the latest; traffic "
            "flows from the first on. If the uplink is lost before that, michi reports it first up and then lost."},
};

static_assert(std::ranges::is_sorted(kCatalogue, {}, &Message::code));

}  // namespace

std::span<const Message> catalogue() { return kCatalogue; }

const Message* find_message(std::string_view code) {
  const auto at = std::ranges::lower_bound(kCatalogue, code, {}, &Message::code);
  return at != kCatalogue.end() && at->code == code ? &*at : nullptr;
}

}  // namespace michi::observe
