// One transaction on a store, from the lock to the unlock.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/base/file.h"
#include "common/ipam/recovery.h"

namespace catena::ipam {

// Where a store is, and what a transaction must know of it.
struct Place {
  std::string directory;
  std::string boot_id;
  const base::Clock* clock;
  std::chrono::milliseconds cooling;
};

// Holds the lock as long as it lives. What was staged and not committed never happened.
class Update {
 public:
  // Nothing when there is no store and `if_missing` does not make one.
  static base::Result<std::optional<Update>> begin(const Place& place,
                                                   std::chrono::milliseconds patience,
                                                   IfMissing if_missing,
                                                   std::vector<std::string>& notices);

  const Place& place() const { return *place_; }
  Index& index() { return opened_.index; }

  // A cooled record as kFree.
  Record as_of_now(Record record) const;
  // The record of `address`, as of now; nothing when it was never used.
  base::Result<std::optional<Record>> record_of(const base::IpAddress& address);
  // Makes `record` the one of its address, stamped with the present time. The index says so at
  // once, the journal when it is committed.
  // Gives the record back as it is now.
  base::Result<Record> stage(Record record);
  // The same for what is no address: `entry` as it is, which may be a drop (of an address too).
  base::Status stage_entry(Entry entry);
  // As if nothing had been staged.
  base::Status start_over();
  // Durable when it returns; does nothing when nothing was staged.
  base::Status commit();

  // Throws the index away, for one that is damaged; nothing may be done after that.
  base::Status discard_index();

  // kCooling and its time has not come.
  bool still_cools(State state, std::chrono::nanoseconds since_boot) const;

 private:
  Update(const Place& place, base::FileLock lock, Opened opened, std::vector<std::string>& notices)
      : place_(&place),
        lock_(std::move(lock)),
        opened_(std::move(opened)),
        notices_(&notices),
        now_(place.clock->since_boot()) {}
  void compact_if_long();

  const Place* place_;
  base::FileLock lock_;
  Opened opened_;
  std::vector<std::string>* notices_;
  std::chrono::nanoseconds now_;
  std::vector<Entry> staged_;
};

}  // namespace catena::ipam
