#pragma once
// All data planes behind one door: picks the plane of each session, and moves a session from one to another.
//
// A session is carried by the plane that its attachment names. A move attaches at the new plane first and detaches
// at the old one then; where the new one refuses, the old one goes on. Devices are made by the first plane that makes
// them. Operations are performed in order at each plane; while a session moves, later ones wait. It looks at no packet
// and runs on the loop's thread.

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "linux/loop/readiness.hpp"
#include "port/data_plane.hpp"

namespace michi::dataplane {

class Planes final : public port::DataPlane {
 public:
  /// The preferred one first; each with one entry of facts().
  Planes(boost::asio::io_context& loop, std::vector<std::unique_ptr<port::DataPlane>> planes);

  std::vector<model::PlaneFacts> facts() const override;
  void submit(port::PlaneOp op, port::Ticket ticket) override;
  std::optional<port::PlaneReport> poll() override;
  void on_wake(port::Wake wake) override;
  /// Of the uplink's latest session, at all planes that have carried it.
  port::PlaneCounters counters(const model::UplinkId& uplink) const override;
  std::string carried_by(const model::UplinkId& uplink) const override;

 private:
  struct Plane {
    model::PlaneFacts facts;
    std::unique_ptr<port::DataPlane> door;
  };
  struct Session {
    model::AttachWant want;     // of the latest Attach
    Plane* carrier = nullptr;   // the one that took it last
    std::set<Plane*> holders;   // those that may have it, and are told of its end
    std::set<Plane*> counting;  // those that have carried this very session
  };
  /// An operation that takes more than one plane, until all of them have answered.
  struct Work {
    port::Ticket ticket = 0;
    std::string uplink;
    Plane* taking = nullptr;    // asked to attach, and has not answered
    std::set<Plane*> ending{};  // asked to detach, and have not answered
    std::optional<port::OsError> error{};
    std::optional<port::PlaneFault> fault{};  // of the carrier that may be left
  };
  struct Waiting {
    port::PlaneOp op;
    port::Ticket ticket;
  };

  void perform(const port::PlaneOp& op, port::Ticket ticket);
  void attach(const port::Attach& op, port::Ticket ticket);
  void detach(const model::UplinkId& uplink, port::Ticket ticket);
  /// Asks all holders but this one to detach.
  void end_elsewhere(const Session& session, const Plane* keeper);
  void on_answer(Plane& plane, const port::Completion& done);
  void on_completion(Plane& plane, port::Completion done);
  void on_fault(Plane& plane, port::PlaneFault fault);
  void finish();
  void answer_at_once(port::Completion done);
  Plane* named(const std::string& name);
  Plane* maker();

  std::vector<Plane> planes_;
  std::map<std::string, Session> sessions_;  // by uplink
  std::optional<Work> work_;
  std::deque<Waiting> waiting_;
  std::deque<port::PlaneReport> reports_;
  port::Wake wake_;
  linux::Poster poster_;
};

}  // namespace michi::dataplane
