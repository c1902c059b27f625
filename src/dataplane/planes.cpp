#include "dataplane/planes.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/overloaded.hpp"

namespace michi::dataplane {
namespace {

void add(port::PlaneCounters& sum, const port::PlaneCounters& more) {
  sum.rx_packets += more.rx_packets;
  sum.rx_bytes += more.rx_bytes;
  sum.tx_packets += more.tx_packets;
  sum.tx_bytes += more.tx_bytes;
  sum.rx_dropped += more.rx_dropped;
  sum.tx_dropped += more.tx_dropped;
  sum.foreign_source += more.foreign_source;
}

}  // namespace

Planes::Planes(boost::asio::io_context& loop, std::vector<std::unique_ptr<port::DataPlane>> planes)
    : poster_(loop, [this] {
        if (wake_) wake_();
      }) {
  for (auto& door : planes) {
    auto facts = door->facts().at(0);
    planes_.push_back({std::move(facts), std::move(door)});
  }
}

std::vector<model::PlaneFacts> Planes::facts() const {
  std::vector<model::PlaneFacts> all;
  for (const auto& plane : planes_) all.push_back(plane.facts);
  return all;
}

Planes::Plane* Planes::named(const std::string& name) {
  const auto at = std::ranges::find(planes_, name, [](const Plane& plane) { return plane.facts.name; });
  return at == planes_.end() ? nullptr : &*at;
}

Planes::Plane* Planes::maker() {
  const auto at = std::ranges::find_if(planes_, [](const Plane& plane) { return plane.facts.makes_devices; });
  return at == planes_.end() ? nullptr : &*at;
}

void Planes::submit(port::PlaneOp op, port::Ticket ticket) {
  if (work_) return waiting_.push_back({std::move(op), ticket});
  perform(op, ticket);
}

void Planes::perform(const port::PlaneOp& op, port::Ticket ticket) {
  const auto of_device = [&](const std::string& name) {
    if (auto* plane = maker()) return plane->door->submit(op, ticket);
    answer_at_once({ticket, port::OsError{"find a data plane that makes device " + name, EOPNOTSUPP}});
  };
  std::visit(Overloaded{
                 [&](const port::EnsureDevice& made) { of_device(made.name); },
                 [&](const port::RemoveDevice& removed) {
                   std::erase_if(sessions_, [&](const auto& one) { return one.second.want.device == removed.name; });
                   of_device(removed.name);
                 },
                 [&](const port::Attach& wanted) { attach(wanted, ticket); },
                 [&](const port::Detach& ended) { detach(ended.uplink, ticket); },
             },
             op);
}

void Planes::attach(const port::Attach& op, port::Ticket ticket) {
  const auto& want = op.session;
  Plane* plane = named(want.plane);
  if (plane == nullptr) {
    const std::string which = want.plane.empty() ? "" : " \"" + want.plane + "\"";
    return answer_at_once(
        {ticket, port::OsError{"find a data plane" + which + " for " + want.uplink.name, EOPNOTSUPP}});
  }
  auto& session = sessions_[want.uplink.name];
  if (session.want.carriage != want.carriage) session.counting.clear();
  session.want = want;
  session.counting.insert(plane);
  const bool moves = std::ranges::any_of(session.holders, [&](const Plane* holder) { return holder != plane; });
  if (moves) {
    work_ = {.ticket = ticket, .uplink = want.uplink.name, .taking = plane};
  } else {
    session.carrier = plane;
    session.holders.insert(plane);
  }
  plane->door->submit(op, ticket);
}

void Planes::detach(const model::UplinkId& uplink, port::Ticket ticket) {
  const auto found = sessions_.find(uplink.name);
  if (found == sessions_.end() || found->second.holders.empty()) return answer_at_once({ticket, std::nullopt});
  auto& session = found->second;
  session.carrier = nullptr;
  // The usual case needs nobody to wait for it. The holder stays one: being told of an end twice does no harm.
  if (session.holders.size() == 1) return (*session.holders.begin())->door->submit(port::Detach{uplink}, ticket);
  work_ = {.ticket = ticket, .uplink = uplink.name};
  end_elsewhere(session, nullptr);
}

void Planes::end_elsewhere(const Session& session, const Plane* keeper) {
  for (Plane* holder : session.holders) {
    if (holder == keeper) continue;
    work_->ending.insert(holder);
    holder->door->submit(port::Detach{session.want.uplink}, work_->ticket);
  }
}

std::optional<port::PlaneReport> Planes::poll() {
  for (bool heard = true; reports_.empty() && heard;) {
    heard = false;
    for (auto& plane : planes_) {
      auto report = plane.door->poll();
      if (!report) continue;
      heard = true;
      std::visit(Overloaded{[&](port::Completion& done) { on_completion(plane, std::move(done)); },
                            [&](port::PlaneFault& fault) { on_fault(plane, std::move(fault)); }},
                 *report);
    }
  }
  if (reports_.empty()) return std::nullopt;
  port::PlaneReport report = std::move(reports_.front());
  reports_.pop_front();
  return report;
}

void Planes::on_completion(Plane& plane, port::Completion done) {
  if (work_ && work_->ticket == done.ticket) return on_answer(plane, done);
  reports_.push_back(std::move(done));
}

void Planes::on_answer(Plane& plane, const port::Completion& done) {
  auto& session = sessions_[work_->uplink];
  if (done.error) work_->error = done.error;
  if (work_->taking == &plane) {
    work_->taking = nullptr;
    if (done.error) {  // the old one goes on, and what it said meanwhile counts
      if (work_->fault) reports_.push_back(std::move(*work_->fault));
      return finish();
    }
    session.carrier = &plane;
    session.holders.insert(&plane);
    end_elsewhere(session, &plane);
  } else {
    work_->ending.erase(&plane);
    if (!done.error) session.holders.erase(&plane);
  }
  if (work_->ending.empty()) finish();
}

void Planes::on_fault(Plane& plane, port::PlaneFault fault) {
  const auto found = sessions_.find(fault.uplink.name);
  if (found == sessions_.end() || found->second.carrier != &plane) return;  // it has been left
  const bool may_be_left = work_ && work_->uplink == fault.uplink.name && work_->taking != nullptr;
  if (may_be_left)
    work_->fault = std::move(fault);
  else
    reports_.push_back(std::move(fault));
}

void Planes::finish() {
  reports_.push_back(port::Completion{work_->ticket, std::move(work_->error)});
  work_.reset();
  while (!work_ && !waiting_.empty()) {
    const Waiting next = std::move(waiting_.front());
    waiting_.pop_front();
    perform(next.op, next.ticket);
  }
}

void Planes::answer_at_once(port::Completion done) {
  reports_.push_back(std::move(done));
  poster_.post();
}

void Planes::on_wake(port::Wake wake) {
  wake_ = wake;
  for (auto& plane : planes_) plane.door->on_wake(wake);
}

port::PlaneCounters Planes::counters(const model::UplinkId& uplink) const {
  port::PlaneCounters sum;
  const auto found = sessions_.find(uplink.name);
  if (found == sessions_.end()) return sum;
  for (const Plane* plane : found->second.counting) add(sum, plane->door->counters(uplink));
  return sum;
}

std::string Planes::carried_by(const model::UplinkId& uplink) const {
  const auto found = sessions_.find(uplink.name);
  if (found == sessions_.end() || found->second.carrier == nullptr) return "";
  return found->second.carrier->door->carried_by(uplink);
}

}  // namespace michi::dataplane
