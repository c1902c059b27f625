#include "engine/dhcp4/messages.hpp"

#include <algorithm>
#include <array>

#include "wire/dhcp4_options.hpp"

namespace michi::engine::dhcp4 {
namespace {

using wire::dhcp4::MessageType;
using wire::dhcp4::OptionCode;

enum class Where : std::uint8_t { Option, Ciaddr };
enum class Server : std::uint8_t { Unnamed, Named };
enum class Wishes : std::uint8_t { None, All };

struct Form {
  MessageType type;
  Where address;
  Server server;
  Wishes wishes;  // parameters, host name, vendor class, size, broadcast flag
};

constexpr std::array<Form, 7> kForms = {{
    {MessageType::Discover, Where::Option, Server::Unnamed, Wishes::All},
    {MessageType::Request, Where::Option, Server::Named, Wishes::All},
    {MessageType::Request, Where::Option, Server::Unnamed, Wishes::All},
    {MessageType::Request, Where::Ciaddr, Server::Unnamed, Wishes::All},
    {MessageType::Request, Where::Ciaddr, Server::Unnamed, Wishes::All},
    {MessageType::Decline, Where::Option, Server::Named, Wishes::None},
    {MessageType::Release, Where::Ciaddr, Server::Named, Wishes::None},
}};

constexpr std::array kParameters = {OptionCode::SubnetMask,
                                    OptionCode::ClasslessStaticRoute,  // ahead of Router (RFC 3442)
                                    OptionCode::Router,
                                    OptionCode::DomainNameServer,
                                    OptionCode::DomainName,
                                    OptionCode::InterfaceMtu,
                                    OptionCode::NtpServers,
                                    OptionCode::LeaseTime,
                                    OptionCode::ServerIdentifier,
                                    OptionCode::RenewalTime,
                                    OptionCode::RebindingTime,
                                    OptionCode::SixRd};

constexpr std::size_t kLongest = 255;
constexpr std::uint16_t kSmallestMaximum = 576;  // RFC 2132 §9.10

const Form& form_of(Purpose purpose) { return kForms[static_cast<std::size_t>(purpose)]; }

std::string_view cut(std::string_view text) { return text.substr(0, kLongest); }

}  // namespace

MessageType type_of(Purpose purpose) { return form_of(purpose).type; }

bool speaks_from_address(Purpose purpose) { return form_of(purpose).address == Where::Ciaddr; }

wire::dhcp4::Message compose(Purpose purpose, const Settings& settings, const Exchange& exchange) {
  const Form& form = form_of(purpose);
  wire::dhcp4::Message out;
  out.xid = exchange.xid;
  out.secs = exchange.secs;
  out.set_client(settings.local);
  auto& options = out.options;
  options.push_back(wire::dhcp4::type_option(form.type));
  if (!settings.client_identifier.empty()) {
    const Bytes id = settings.client_identifier;
    options.push_back(wire::dhcp4::bytes_option(OptionCode::ClientIdentifier, id.first(std::min(id.size(), kLongest))));
  }
  if (exchange.address) {
    if (form.address == Where::Ciaddr)
      out.ciaddr = *exchange.address;
    else
      options.push_back(wire::dhcp4::address_option(OptionCode::RequestedAddress, *exchange.address));
  }
  if (form.server == Server::Named)
    options.push_back(wire::dhcp4::address_option(OptionCode::ServerIdentifier, exchange.server));
  if (form.wishes == Wishes::None) return out;

  if (settings.broadcast == BroadcastReplies::Wanted && form.address == Where::Option)
    out.flags = wire::dhcp4::kBroadcastFlag;
  ByteVec parameters;
  for (const OptionCode code : kParameters) parameters.push_back(static_cast<std::byte>(code));
  options.push_back({OptionCode::ParameterRequestList, std::move(parameters)});
  options.push_back(
      wire::dhcp4::u16_option(OptionCode::MaxMessageSize, std::max(settings.max_message, kSmallestMaximum)));
  if (!settings.host_name.empty())
    options.push_back(wire::dhcp4::text_option(OptionCode::HostName, cut(settings.host_name)));
  if (!settings.vendor_class.empty())
    options.push_back(wire::dhcp4::text_option(OptionCode::VendorClass, cut(settings.vendor_class)));
  return out;
}

}  // namespace michi::engine::dhcp4
