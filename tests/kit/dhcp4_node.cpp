#include "kit/dhcp4_node.hpp"

#include <fmt/format.h>

#include "base/overloaded.hpp"
#include "wire/ether.hpp"

namespace michi::kit {
namespace {

namespace dhcp4 = engine::dhcp4;

constexpr std::size_t kMostNotes = 10000;

}  // namespace

Dhcp4Node::Dhcp4Node(World& world, Wire& wire, dhcp4::Settings settings)
    : wire_(wire), local_(settings.local), client_(std::move(settings), world.random().fork()) {
  world.add(*this);
  wire.attach(*this);
}

void Dhcp4Node::law(bool kept, std::string_view text, Instant now) {
  if (!kept && broken_laws.size() < kMostNotes)
    broken_laws.push_back(fmt::format("{} at {} ms", text, whole_milliseconds(now - Instant{})));
}

void Dhcp4Node::on_frame(Bytes frame, Instant now) {
  const auto parsed = wire::ether::parse_frame(frame);
  if (!parsed) return;
  if (parsed->header.destination != local_ && parsed->header.destination != Mac::broadcast()) return;
  if (parsed->header.type == wire::ether::kTypeIpv4) client_.on_ip_frame(parsed->payload, parsed->header.source, now);
  if (parsed->header.type == wire::ether::kTypeArp) client_.on_arp(parsed->payload, now);
}

bool Dhcp4Node::drain(Instant now) {
  bool any = false;
  while (auto output = client_.poll()) {
    any = true;
    std::visit(Overloaded{
                   [&](dhcp4::Frame& frame) {
                     ++frames;
                     Writer out;
                     wire::ether::write_header(out, {frame.destination, local_, frame.ether_type});
                     out.put(frame.bytes);
                     wire_.send(this, std::move(out).take());
                   },
                   [&](dhcp4::Probe&) {},
                   [&](dhcp4::Leased& report) {
                     law(!address, "an address only when there is none", now);
                     address = report.lease.address;
                     ++leased;
                   },
                   [&](dhcp4::Renewed& report) {
                     law(address == report.lease.address, "only the address in use is renewed", now);
                     ++renewed;
                   },
                   [&](dhcp4::Expired& report) {
                     law(address == report.address, "only the address in use expires", now);
                     address.reset();
                     ++expired;
                   },
                   [&](dhcp4::Failed& report) {
                     if (failures.size() < kMostNotes) failures.emplace_back(now, std::move(report));
                   },
                   [&](dhcp4::Edge& edge) {
                     if (edges.size() < kMostNotes) edges.push_back(std::move(edge.text));
                   },
               },
               *output);
  }
  const auto due = client_.next_deadline();
  const dhcp4::Lease* lease = client_.lease();
  law(!due || *due > now, "a deadline lies ahead", now);
  law(client_.state() == dhcp4::State::Stopped || due || (lease != nullptr && !lease->times), "every wait has an end",
      now);
  law(client_.state() == dhcp4::State::Stopped || (lease != nullptr) == address.has_value(),
      "reports tell of the lease", now);
  law(!dhcp4::is_leased(client_.state()) || lease != nullptr, "a lease in its states", now);
  return any;
}

}  // namespace michi::kit
