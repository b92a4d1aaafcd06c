#include "common/ipam/transaction.h"

#include <cerrno>
#include <unistd.h>

namespace catena::ipam {
namespace {

// A journal with more lines than this is rewritten: so a rewrite, which takes time in proportion to
// `things`, comes once in as many transactions.
std::uint64_t lines_at_most(std::uint64_t things) { return 4096 + 2 * things; }

}  // namespace

base::Result<std::optional<Update>> Update::begin(const Place& place,
                                                  std::chrono::milliseconds patience,
                                                  IfMissing if_missing,
                                                  std::vector<std::string>& notices) {
  if (if_missing == IfMissing::kCreate) {
    if (base::Status made = base::make_directories(place.directory); !made.ok()) {
      const int made_errno = made.error().sys_errno();
      return write_error(made_errno, "make directory " + place.directory);
    }
  }
  base::Result<base::FileLock> lock =
      base::FileLock::acquire(place.directory + "/lock", base::Deadline(patience));
  if (!lock.ok() && lock.error().is(base::ErrorKind::kNotFound) &&
      if_missing == IfMissing::kNothing) {
    return std::optional<Update>();
  }
  if (!lock.ok()) {
    return lock.error().sys_errno() == 0
               ? std::move(lock).error()
               : write_error(lock.error().sys_errno(), "lock " + place.directory);
  }
  std::optional<Opened> opened =
      TRY(open_store(place.directory, place.boot_id, if_missing, notices));
  if (!opened.has_value()) {
    return std::optional<Update>();
  }
  return std::optional<Update>(Update(place, std::move(lock).value(), std::move(*opened), notices));
}

bool Update::still_cools(State state, std::chrono::nanoseconds since_boot) const {
  // A stamp of the future is of no clock we know: nothing to wait for.
  return state == State::kCooling && since_boot <= now_ && now_ - since_boot < place_->cooling;
}

base::Result<std::optional<Record>> Update::record_of(const base::IpAddress& address) {
  const std::optional<Entry> entry = TRY(index().find(kAddressKind, address.to_string()));
  std::optional<Record> record = entry.has_value() ? to_record(*entry) : std::nullopt;
  if (record.has_value()) {
    record = as_of_now(std::move(*record));
  }
  return record;
}

Record Update::as_of_now(Record record) const {
  if (record.state == State::kCooling && !still_cools(record.state, record.since_boot)) {
    record.state = State::kFree;
  }
  return record;
}

base::Result<Record> Update::stage(Record record) {
  record.since_boot = now_;
  record.since = place_->clock->wall();
  const std::optional<Entry> earlier = TRY(index().find(kAddressKind, record.address.to_string()));
  TRY(stage_entry(to_entry(record, earlier.has_value() ? earlier->text : std::string())));
  return record;
}

base::Status Update::stage_entry(Entry entry) {
  TRY(index().apply(entry));
  staged_.push_back(std::move(entry));
  return {};
}

base::Status Update::start_over() {
  staged_.clear();
  std::optional<Opened> again =
      TRY(open_store(place_->directory, place_->boot_id, IfMissing::kCreate, *notices_));
  opened_ = std::move(*again);
  return {};
}

base::Status Update::discard_index() {
  const std::string path = index_path(place_->directory);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return write_error(errno, "remove damaged " + path);
  }
  return {};
}

base::Status Update::commit() {
  if (!staged_.empty()) {
    Position position = index().position();
    ++position.number;
    ++position.lines;
    const std::string line = to_line(to_json(position.number, staged_));
    position.line_start = position.line_end;
    position.line_end += line.size();
    position.line_crc = LineReader(line, 0).next().value_or(Line{}).crc;
    TRY(opened_.journal.append(line));
    index().set_position(position);
    staged_.clear();
  }
  // The transaction has happened; an index that lags behind catches up.
  if (base::Status written = index().flush(index_path(place_->directory)); !written.ok()) {
    notices_->push_back("the index can't be written: " + written.error().text());
    return {};
  }
  compact_if_long();
  return {};
}

void Update::compact_if_long() {
  if (index().position().lines <= lines_at_most(index().things())) {
    return;
  }
  base::Result<Journal> rewritten = rewrite_journal(place_->directory, index());
  if (!rewritten.ok()) {
    notices_->push_back("the journal can't be rewritten, it grows: " + rewritten.error().text());
    if (index().damaged() && !discard_index().ok()) {
      notices_->push_back("the damaged index can't be removed");
    }
    return;
  }
  opened_.journal = std::move(rewritten).value();
  if (base::Status written = index().flush(index_path(place_->directory)); !written.ok()) {
    notices_->push_back("the index can't be written: " + written.error().text());
  }
}

}  // namespace catena::ipam
