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
            "The Ethernet interface of an uplink could not be opened for control frames. The text has the reason. The "
            "uplink waits and tries again."},
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
    Message{"lan.no-interface", Warning,
            "A LAN of the file names an interface that is not there. Its address is put and its services start as "
            "soon as it appears."},
    Message{"lan.no-subnet", Warning,
            "A delegated prefix is too small for this LAN's number, or its only /64 belongs to another LAN. Hosts "
            "there get no address of that uplink; with those of another one they are translated. Give the LAN a lower "
            "`subnet`, or ask the provider for a larger prefix."},
    Message{"lan.overlaps-closed", Warning,
            "A closed network's prefix overlaps a LAN. Hosts of that LAN are reached directly; the overlapped part of "
            "the closed network is not."},
    Message{"ppp.edge", Debug,
            "A PPP layer of an uplink changed its state. Shown with `michi trace` and at level debug."},
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
