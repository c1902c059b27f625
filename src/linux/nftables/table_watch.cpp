#include "linux/nftables/table_watch.hpp"

#include <fmt/format.h>

#include <utility>

namespace michi::linux {

namespace {

// Generations count up and wrap.
bool later(std::uint32_t a, std::uint32_t b) { return static_cast<std::int32_t>(a - b) > 0; }

}  // namespace

void TableWatch::on_change(const nlmsghdr& message) {
  touched_ = true;
  only_elements_ &= is_element_change(message);
  if (only_elements_ && known_) add_element_change(added_, message, known_->digest.dynamic);
}

void TableWatch::on_generation(const NftGeneration& generation, bool ours) {
  if (!touched_) return;
  learn(generation, ours);
  forget_transaction();
  changed_by(fmt::format("{} (pid {})", generation.name, generation.process), ours);
}

void TableWatch::learn(const NftGeneration& generation, bool ours) {
  if (!known_) return;
  if (known_->generation && !later(generation.id, *known_->generation)) return;
  if (known_->generation && ours && only_elements_) {
    known_->digest.parts += added_;
    known_->generation = generation.id;
  } else {
    known_.reset();
  }
}

void TableWatch::forget_transaction() {
  touched_ = false;
  only_elements_ = true;
  added_ = {};
}

void TableWatch::on_overrun() {
  forget_transaction();
  known_.reset();
  changed_by("", false);
}

void TableWatch::look_again() {
  known_.reset();
  if (!std::exchange(seen_, true)) writer_ours_ = false;
}

void TableWatch::changed_by(std::string writer, bool ours) {
  // One foreign hand among several makes the whole change foreign, and is the one to name.
  if (!seen_ || (writer_ours_ && !ours) || writer_ours_ == ours) {
    writer_ = std::move(writer);
    writer_ours_ = ours;
  }
  seen_ = true;
}

void TableWatch::on_listed(NftDigest digest, std::optional<std::uint32_t> generation) {
  known_ = Known{std::move(digest), generation};
}

port::TableSeen TableWatch::take() {
  seen_ = false;
  port::TableSeen seen{.hash = known_ ? known_->digest.text() : "",
                       .writer = std::exchange(writer_, {}),
                       .ours = writer_ours_,
                       .table = table_};
  if (known_ && !known_->generation) known_.reset();
  return seen;
}

}  // namespace michi::linux
