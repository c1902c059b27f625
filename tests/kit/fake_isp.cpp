#include "kit/fake_isp.hpp"

#include <utility>

namespace michi::kit {
namespace {

constexpr std::size_t kMostNotes = 10000;

}  // namespace

engine::pppoe::AcSettings plain_isp(std::string ac_name, std::uint8_t last_octet) {
  engine::pppoe::AcSettings out;
  out.discovery.local = Mac{{0x02, 0xac, 0, 0, 0, last_octet}};
  out.discovery.ac_name = std::move(ac_name);
  out.address = Ipv4{0xc0000201};
  out.pool_first = Ipv4{0xc0000264};
  out.pool_size = 100;
  out.dns = {Ipv4{0xc0000235}, Ipv4{0xc0000236}};
  out.accounts = {{"user@isp", Secret("secret"), std::nullopt, {}}};
  return out;
}

FakeIsp::FakeIsp(World& world, Wire& wire, engine::pppoe::AcSettings settings)
    : wire_(wire), ac_(std::move(settings), world.random().fork()) {
  world.add(*this);
  wire.attach(*this);
}

bool FakeIsp::drain(Instant) {
  bool any = false;
  while (auto output = ac_.poll()) {
    any = true;
    if (auto* frame = std::get_if<engine::pppoe::AcFrame>(&*output)) {
      wire_.send(this, std::move(frame->bytes));
    } else if (auto* up = std::get_if<engine::pppoe::SessionUp>(&*output)) {
      ups_.insert(up->session.session_id);
    } else if (auto* down = std::get_if<engine::pppoe::SessionDown>(&*output)) {
      ups_.erase(down->session.session_id);
    } else if (auto* note = std::get_if<engine::pppoe::AcNote>(&*output)) {
      if (notes_.size() < kMostNotes) notes_.push_back(std::move(note->text));
    }
    up_ = ups_.size();
  }
  return any;
}

}  // namespace michi::kit
