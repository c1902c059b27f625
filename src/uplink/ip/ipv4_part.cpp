#include "uplink/ip/ipv4_part.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/overloaded.hpp"
#include "wire/ether.hpp"

namespace michi::uplink {
namespace {

namespace dhcp4 = engine::dhcp4;

constexpr std::uint32_t kEthernetMtu = 1500;

ByteVec framed(const dhcp4::Frame& frame, const Mac& local) {
  Writer out;
  wire::ether::write_header(out, {frame.destination, local, frame.ether_type});
  out.put(frame.bytes);
  return std::move(out).take();
}

std::string lasts(const dhcp4::Lease& lease) {
  return lease.times ? fmt::format("{} s", whole_milliseconds(lease.times->lifetime) / 1000) : "ever";
}

std::string joined(const std::vector<Ipv4>& addresses) {
  std::string out;
  for (const Ipv4& address : addresses) out += (out.empty() ? "" : ", ") + to_text(address);
  return out;
}

}  // namespace

Ipv4Part::Ipv4Part(model::Dhcp4Config config, std::optional<HeldAddress> held, Random random)
    : config_(std::move(config)), held_(held), random_(std::move(random)) {}

dhcp4::Settings Ipv4Part::settings() const {
  dhcp4::Settings out;
  out.local = local_;
  out.client_identifier = config_.client_id.empty() ? wire::dhcp4::client_identifier(local_) : config_.client_id;
  out.host_name = config_.host_name;
  out.vendor_class = config_.vendor_class;
  out.max_message = static_cast<std::uint16_t>(std::clamp<std::uint32_t>(mtu_, 576, kEthernetMtu));
  out.limits.mtu_max = static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu_, 0xffff));
  return out;
}

void Ipv4Part::configure(model::Dhcp4Config config) {
  config_ = std::move(config);
  if (client_) client_->configure(settings());
}

void Ipv4Part::on_link_up(const Mac& local, std::uint32_t mtu, Instant now) {
  const bool another = local != local_;
  local_ = local;
  mtu_ = mtu;
  if (client_ && another) end(dhcp4::Ending::Keep, now);
  if (client_) {
    client_->configure(settings());
    client_->on_link_up(now);
  } else {
    client_ = std::make_unique<dhcp4::Client>(settings(), random_.fork());
    client_->start(now, held_ ? std::optional(dhcp4::Held{held_->address, held_->expires}) : std::nullopt);
  }
  settle();
}

void Ipv4Part::end(dhcp4::Ending how, Instant now) {
  if (!client_) return;
  settle();
  client_->stop(how, now);
  settle();
  client_.reset();
  trouble_.clear();
  told_servers_.clear();
}

void Ipv4Part::on_link_down(Instant now) { end(dhcp4::Ending::Keep, now); }

void Ipv4Part::stop(Instant now) {
  end(config_.release ? dhcp4::Ending::Release : dhcp4::Ending::Keep, now);
  if (config_.release && std::exchange(held_, std::nullopt)) outputs_.push_back(PersistAddress{});
}

void Ipv4Part::on_frame(Bytes frame, Instant now) {
  const auto parsed = wire::ether::parse_frame(frame);
  if (!client_ || !parsed || parsed->header.source == local_) return;
  if (parsed->header.type == wire::ether::kTypeIpv4) {
    client_->on_ip_frame(parsed->payload, parsed->header.source, now);
  } else if (parsed->header.type == wire::ether::kTypeArp) {
    client_->on_arp(parsed->payload, now);
  }
  settle();
}

void Ipv4Part::on_deadline(Instant now) {
  if (client_) client_->on_deadline(now);
  settle();
}

std::optional<Instant> Ipv4Part::next_deadline() const { return client_ ? client_->next_deadline() : std::nullopt; }

std::optional<Ipv4Part::Output> Ipv4Part::poll() {
  if (outputs_.empty()) return std::nullopt;
  Output out = std::move(outputs_.front());
  outputs_.pop_front();
  return out;
}

void Ipv4Part::settle() {
  while (auto output = client_ ? client_->poll() : std::nullopt)
    std::visit(Overloaded{
                   [&](const dhcp4::Frame& frame) { outputs_.emplace_back(framed(frame, local_)); },
                   [&](const dhcp4::Probe&) {},
                   [&](const dhcp4::Leased& report) { on_lease(report.lease, "leased"); },
                   [&](const dhcp4::Renewed& report) { on_lease(report.lease, "renewed"); },
                   [&](const dhcp4::Expired& gone) {
                     if (std::exchange(held_, std::nullopt)) outputs_.push_back(PersistAddress{});
                     tell(model::Severity::Warning, "dhcp4.lost",
                          fmt::format("{} must not be used any more", to_text(gone.address)));
                   },
                   [&](const dhcp4::Failed& failed) {
                     const bool news = trouble_ != failed.detail;
                     trouble_ = failed.detail;
                     tell(news ? model::Severity::Warning : model::Severity::Debug, "dhcp4.failed", trouble_);
                   },
                   [&](const dhcp4::Edge& edge) { tell(model::Severity::Debug, "dhcp4.edge", edge.text); },
               },
               *output);
}

void Ipv4Part::on_lease(const dhcp4::Lease& lease, std::string_view what) {
  const bool anew = what == "leased" || !trouble_.empty();
  trouble_.clear();
  tell(anew ? model::Severity::Notice : model::Severity::Debug, fmt::format("dhcp4.{}", what),
       fmt::format("{}/{} of {} for {}", to_text(lease.address), lease.prefix_length, to_text(lease.server),
                   lasts(lease)));
  for (const std::string& note : lease.notes)
    if (what == "leased") tell(model::Severity::Info, "dhcp4.note", note);
  const auto servers = client_->servers();
  if (servers.size() > 1 && servers != told_servers_)
    tell(model::Severity::Warning, "dhcp4.servers",
         fmt::format("{} DHCP servers answer: {}; {} was chosen", servers.size(), joined(servers),
                     to_text(lease.server)));
  told_servers_ = servers;
  keep();
}

void Ipv4Part::keep() {
  const auto held = client_->held();
  if (!held) return;
  held_ = HeldAddress{held->address, held->expires};
  outputs_.push_back(PersistAddress{held_});
}

void Ipv4Part::tell(model::Severity severity, std::string code, std::string text) {
  outputs_.push_back(model::Event{severity, std::move(code), {}, std::move(text), {}});
}

std::string Ipv4Part::state_text() const {
  return client_ ? fmt::format("dhcp4 {}", dhcp4::to_text(client_->state())) : std::string{};
}

std::string Ipv4Part::waiting_for() const {
  if (!client_ || client_->lease() != nullptr) return {};
  return fmt::format("a DHCP server ({}{}{})", dhcp4::to_text(client_->state()), trouble_.empty() ? "" : ": ",
                     trouble_);
}

model::Ipv4Facts facts_of(const dhcp4::Lease& lease) {
  model::Ipv4Facts out;
  out.local = lease.address;
  out.length = lease.prefix_length;
  out.dns = lease.dns;
  if (!lease.routers.empty()) out.gateway = lease.routers.front();
  // RFC 3442: where classless routes are given, the router option does not count.
  for (const auto& route : lease.routes)
    if (route.destination.length == 0 && !route.gateway.is_unspecified()) out.gateway = route.gateway;
  return out;
}

}  // namespace michi::uplink
