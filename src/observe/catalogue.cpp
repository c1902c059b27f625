#include "observe/catalogue.hpp"

#include <algorithm>
#include <array>

namespace michi::observe {

namespace {

using enum model::Severity;

constexpr std::array kCatalogue = {
    Message{"configuration.note", Warning,
            "A finding of a configuration that was accepted: a warning, or as `info` a note. `michi check` shows it "
            "with its place again."},
    Message{"dhcp4.edge", Debug, "The DHCP client of a line moved from one state to another."},
    Message{"dhcp4.failed", Warning,
            "No address by DHCP: nobody answers, nothing usable is offered, the request is refused, or the "
            "address is somebody else's. The text says which. It goes on asking; the same trouble is told once."},
    Message{"dhcp4.leased", Notice,
            "A DHCP server gave an address. The text has the server and how long the address may be used."},
    Message{"dhcp4.lost", Warning,
            "An address from DHCP must not be used any more: it was not extended in time, was taken back, or "
            "belongs to another network. Another one is asked for."},
    Message{"dhcp4.note", Info, "Something in a DHCP answer made no sense and was left out or repaired."},
    Message{"dhcp4.renewed", Debug, "A DHCP server extended the address, or confirmed it after the carrier came back."},
    Message{"dhcp4.servers", Warning,
            "More than one DHCP server answers on the line of an uplink. The text names them. Often a router of "
            "the house is plugged in the wrong way round, or two routers of one LAN are both servers: only one "
            "may be."},
    Message{"dhcp6.no-answer", Warning,
            "Nobody answers DHCPv6 on an uplink, or a server that offered something does not reply. It is "
            "asked again without end; IPv4 and what needs no prefix work without it. The provider may delegate "
            "none (`dhcp6 = { prefix = false }` asks for none), or the answers do not reach michi: another "
            "program's firewall must let UDP port 546 in from fe80::/10."},
    Message{"dhcp6.refused", Warning,
            "A DHCPv6 server has nothing for this uplink, or says what cannot be used; the text has its words. "
            "A provider may know its customers by `duid`, or refuse a `hint`."},
    Message{"dhcp6.unusable", Warning,
            "The sockets for DHCPv6 on an uplink's device could not be opened; the text has the reason. "
            "Another DHCPv6 client may serve that device. It is tried again every five seconds."},
    Message{"hook.failed", Warning,
            "An executable of the hooks directory ended with a failure, could not be started, or ran into its time "
            "limit. The text has its exit status and the end of its output. The uplink is not affected."},
    Message{"host.foreign-chain", Warning,
            "Another program's nftables base chain on forward, input or output drops by policy or by a rule, and "
            "would drop traffic of michi's uplinks. The text names family, table and chain. Allow the uplinks' "
            "devices there, or remove that table."},
    Message{"host.mark-overlap", Warning,
            "Another program uses bits of the packet mark that michi uses. Flows may take the wrong uplink. Move one "
            "of the two: michi's bits are `mark-mask` in the file."},
    Message{"host.rp-filter", Warning,
            "`net.ipv4.conf.all.rp_filter` is 1 (strict). It overrides the setting of each device and drops replies "
            "that arrive on another uplink than the default one. Set it to 0 or 2; michi does not change it by "
            "itself."},
    Message{"host.rule-before", Warning,
            "A routing rule of another program stands before michi's (priority below 20000) and may take flows away "
            "from it. The text shows the rule."},
    Message{"interface.unusable", Warning,
            "The Ethernet interface of an uplink, or one that `pass-through` names, could not be opened for control "
            "frames. The text has the reason. The uplink waits and tries again."},
    Message{"kernel.damage", Warning,
            "Somebody changed or removed objects of michi in the kernel again and again. Five repairs were done "
            "within ten seconds; now repairs of that kind of object pause until the ten seconds are over. `writer` is "
            "the program, when the kernel tells. Stop it, or exclude michi's objects in its settings: the packages "
            "ship drop-ins for systemd-networkd and NetworkManager."},
    Message{"kernel.failed", Error,
            "The kernel refused an address, route, rule, link setting, sysctl or the firewall table. The text has the "
            "object and the kernel's reason. michi tries again after 100 ms, and then in growing pauses up to 30 s. A "
            "cause that hits many objects is told once."},
    Message{"kernel.left", Warning,
            "Somebody changed or removed an object of michi in the kernel, and `repair = false` in `[router]` says "
            "that it is to be left so. Told once for each object. `michi plan` shows what differs. It is put right "
            "when michi has to change the object for a reason of its own, or with `repair = true` and `michi reload`."},
    Message{"kernel.recovered", Notice,
            "What `kernel.failed` told of is over: the objects stand, or nobody wants them any more."},
    Message{"kernel.repaired", Info,
            "An object of michi was changed or removed by somebody else, and was put right at once. A device or link "
            "that went takes its addresses and routes along; that is told as one."},
    Message{"lan.foreign-router", Warning,
            "Another router advertises itself on a LAN. Hosts may send through it, or take their addresses and "
            "settings from it; the text says in what it contradicts michi. Find out whether it is meant to be "
            "there: a second router, a printer or a computer that shares its connection. Told once for each "
            "router, and again when what it says changes."},
    Message{"lan.no-interface", Warning,
            "A LAN of the file names an interface that is not there. Its address is put and its services start as "
            "soon as it appears."},
    Message{"lan.no-subnet", Warning,
            "A delegated prefix is too small for this LAN's number, or its only /64 belongs to another LAN. Hosts "
            "there get no address of that uplink; with those of another one they are translated. Give the LAN a lower "
            "`subnet`, or ask the provider for a larger prefix."},
    Message{"lan.not-advertised", Warning,
            "Router advertisements cannot be sent to a LAN. The text has the kernel's reason. Hosts there get no "
            "IPv6 address and do not hear of an uplink's end; michi goes on trying."},
    Message{"lan.overlaps-closed", Warning,
            "A closed network's prefix overlaps a LAN. Hosts of that LAN are reached directly; the overlapped part of "
            "the closed network is not."},
    Message{"lan.prefix-advertised", Notice,
            "Hosts of a LAN are told to use this prefix: its uplink carries traffic, and the router's own address "
            "in it stands."},
    Message{"lan.prefix-deprecated", Notice,
            "Hosts of a LAN are told to begin nothing new with addresses of this prefix, because its uplink is "
            "not usable or has another one now. What is running may go on."},
    Message{"pass-through.closed", Notice,
            "A PPPoE session of a LAN client is over. The text names both ends and says who ended it: the client, the "
            "access concentrator, ten minutes without a frame, a new session of the same client that needed its place, "
            "or the configuration."},
    Message{"pass-through.crowded", Warning,
            "Too many clients of the LANs of a line have asked for PPPoE in the last minutes (64), and another one is "
            "left out. Look for a device that keeps changing its address. Told at most once a minute for each line."},
    Message{"pass-through.full", Warning,
            "A LAN client may not dial, because all sessions of the line's contract are taken: michi's own uplinks "
            "keep theirs, also while they are down, and the clients have the rest. The text has the numbers. End a "
            "session, or write a "
            "larger `sessions` if the contract allows it. Told at most once a minute for each line."},
    Message{"pass-through.opened", Notice,
            "A LAN client has dialled over a line of michi's. Its frames are carried from now on; the text names both "
            "ends and the session."},
    Message{"pass-through.same-wire", Warning,
            "What a LAN client asks is on the line without michi as well: LAN and line are the same wire. It is left "
            "alone, so that nobody hears it twice. Separate the two, or take that LAN out of `pass-through`."},
    Message{"pass-through.unsupported", Error,
            "The kernel refuses the table `netdev michi`, by which frames of LAN clients' sessions are carried. The "
            "text has its reason. It needs the modules nf_tables and nft_fwd_netdev (CONFIG_NF_TABLES_NETDEV, "
            "CONFIG_NFT_FWD_NETDEV). Until it takes it, clients' discovery is not handed on. Everything else works."},
    Message{"ppp.edge", Debug,
            "A PPP layer of an uplink changed its state. Shown with `michi trace` and at level debug."},
    Message{"prefix.changed", Warning,
            "The provider delegates another IPv6 prefix than before. Hosts get addresses of the new one at "
            "once; the old one is taken back from them for as long as they would use it."},
    Message{"prefix.delegated", Notice, "An IPv6 prefix was delegated to an uplink, or confirmed after a reconnect."},
    Message{"prefix.lost", Warning,
            "An IPv6 prefix is not an uplink's any more: the server took it back, nobody extended it in time, "
            "or it was given back on command. It is asked for again by itself."},
    Message{"prefix.on-link", Notice,
            "No prefix is delegated on this uplink: the /64 that its router advertises is used instead."},
    Message{"prefix.renewed", Debug, "The time of a delegated IPv6 prefix was extended."},
    Message{"probe.dead", Error,
            "An uplink is up, and the echoes of its probe are not answered any more, in the family the text "
            "names. The detail says where it ends: the next hop is silent, or it answers and nothing beyond it "
            "does. New flows take another uplink, those on this one are moved, and its IPv6 prefix is deprecated "
            "on the LANs, as for an uplink that is lost; the session and its addresses stay. Where no other "
            "uplink is left, this one is used all the same."},
    Message{"probe.good", Notice,
            "The echoes of an uplink's probe are answered; after `probe.dead` as many times in a row as "
            "`recovery` says. Flows return as `return-after` says."},
    Message{"probe.unknown", Info,
            "An uplink that was judged dead is not probed now, or anew: it went down, its next hop changed, or "
            "the file changed. Until something has answered it counts as good."},
    Message{"probe.unusable", Warning,
            "The socket for an uplink's probe could not be opened; the text has the reason. The uplink counts as "
            "good meanwhile. It is tried again every five seconds."},
    Message{"proxy.shared", Notice,
            "Nothing is delegated on this uplink, and hosts of a LAN have addresses of the line's own /64: michi "
            "answers for them on the line, once they have shown themselves on the LAN. `neighbour-proxy = false` "
            "forbids it."},
    Message{"proxy.unusable", Warning,
            "What neighbours say on a device cannot be heard, so hosts of the LAN are not answered for on the line. "
            "It is tried again every five seconds."},
    Message{"publish.closed", Warning,
            "An uplink that the file publishes a service on carries IPv6, and yet the service is open nowhere over it: "
            "the host can have no address there (no delegated prefix, no /64 for its LAN, an address of another "
            "prefix), or nobody is allowed. The text says which. Name the host by the last half of its address, or "
            "take the uplink out of that entry."},
    Message{
        "publish.foreign-port", Warning,
        "An uplink that the file publishes a service on shares its IPv4 address with others, and the port, or a part "
        "of the ports, is theirs: it is not open there. The text says which ports are near. Publish one of those, "
        "or take the uplink out of that entry."},
    Message{
        "reload.applied", Notice,
        "A configuration was applied: by `michi reload`, on SIGHUP, or because a routes file changed. What it did to "
        "which uplink is in the events that follow."},
    Message{"reload.confirmed", Notice, "A configuration that was loaded with `--confirm` was confirmed and stays."},
    Message{"reload.refused", Error,
            "A configuration was read again without a command (SIGHUP, or a file that changed) and has errors. "
            "Nothing was changed; the text has the findings, and `michi check` shows them again."},
    Message{"reload.rolled-back", Warning,
            "A configuration that was loaded with `--confirm` was not confirmed in time. The one before it is in "
            "force again."},
    Message{"resolver.failed", Error,
            "The DNS and DHCP service of the LANs (dnsmasq) ended or could not be started. The text has the reason; a "
            "conflict on port 53 or 67 names the port. It is started again in growing pauses."},
    Message{"resolver.killed", Warning,
            "dnsmasq was told to end, because its configuration changed or michid ends, and did not within two "
            "seconds. It was killed; leases it had not written yet are lost. Where it is still wanted it is started "
            "again."},
    Message{"resolver.write-failed", Error,
            "The resolver's configuration or servers file could not be written. Names may be asked of a dead uplink's "
            "servers until it can. Check the space and the permissions of `/run/michi`."},
    Message{"store.unreadable", Warning,
            "A record of an earlier run could not be read and is not used: a session that it described may stay at "
            "the provider until it times out there."},
    Message{"store.write-failed", Warning,
            "A record could not be written. michi goes on without it; after a crash it may have to wait for an old "
            "session to time out. Check the space and the permissions of `/run/michi` and `/var/lib/michi`."},
    Message{"uplink.attempt-failed", Notice,
            "An attempt to bring an uplink up failed. `reason` is the stable code, the text has the detail; `michi "
            "status NAME` shows the remedy and when the next attempt begins."},
    Message{"uplink.authenticated", Info, "The provider accepted user and password; the text has what it said."},
    Message{"uplink.closed-network", Warning,
            "All IPv6 addresses of an uplink are of a carrier's closed network, which has no way to the internet: "
            "an IPoE contract with a provider is missing. Policies do not choose the uplink for IPv6; its closed "
            "prefixes work. Where this is wrong, write `closed = false`."},
    Message{"uplink.device-taken", Warning,
            "A device that has the name of an uplink exists and is not michi's. The uplink cannot come up: rename one "
            "of the two."},
    Message{"uplink.down", Notice,
            "An uplink was taken down, by command, by the configuration, or because michi ends."},
    Message{"uplink.duplicate-address", Warning,
            "Two uplinks were given the same address. The later one in the file is held until the other gives it up."},
    Message{"uplink.failed", Error,
            "An uplink needs a person: for instance a wrong password. It is tried again rarely or not at all. `michi "
            "status NAME` has the remedy."},
    Message{"uplink.lost", Error,
            "An uplink that was up is not any more. `reason` says why: the peer ended it, the line went silent, the "
            "interface lost its carrier. It is dialled again by itself."},
    Message{"uplink.mtu-limited", Warning,
            "The wire or the access concentrator does not carry the wanted MTU; a smaller one is used (RFC 4638). "
            "Check the MTU of the Ethernet interface and of the modem."},
    Message{"uplink.orphan", Info,
            "A session that an earlier run left at the access concentrator was ended (PADT) before dialling again."},
    Message{"uplink.phase", Info, "An uplink entered another phase of its life: waiting, discovery, negotiation."},
    Message{"uplink.prefix-refused", Warning,
            "An uplink was given a prefix that another uplink holds, or that cannot be for hosts. It is not used; the "
            "uplink carries IPv6 only with what else it has."},
    Message{
        "uplink.up", Notice,
        "An uplink is up. `on` has the network protocols that opened. Where IPv4 and IPv6 are both wanted it is told "
        "when the second opens or the peer refuses it, 350 ms after the first at the latest; traffic flows from the "
        "first on. An uplink that is lost before is told up first, and then lost."},
};

static_assert(std::ranges::is_sorted(kCatalogue, {}, &Message::code));

}  // namespace

std::span<const Message> catalogue() { return kCatalogue; }

const Message* find_message(std::string_view code) {
  const auto at = std::ranges::lower_bound(kCatalogue, code, {}, &Message::code);
  return at != kCatalogue.end() && at->code == code ? &*at : nullptr;
}

}  // namespace michi::observe
